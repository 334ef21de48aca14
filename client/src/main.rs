//! The `huxin` command. Everything is in the library; one thread is enough for waiting, the audit takes more itself.

fn main() -> std::process::ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(huxin_client::commands::run(std::env::args_os())).into(),
        Err(error) => {
            eprintln!("huxin: cannot start: {error}");
            huxin_client::ExitCode::NotChecked.into()
        }
    }
}
