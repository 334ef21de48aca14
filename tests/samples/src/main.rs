//! `huxin-samples`: writes sample licences, seals and certificates to a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use huxin_samples::{
    LicenceSpec, Moment, SIGNED_AT, SampleError, Structure, social_credit_code, write_catalogue, write_large,
    write_large_pdf, write_licences,
};

/// Makes licences in OFD with synthetic seals under a certificate authority for tests.
#[derive(Parser)]
#[command(name = "huxin-samples", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write every sample, sound and defective, with certificates and EXPECTED.json.
    Make {
        /// Folder to write to.
        folder: PathBuf,
        /// Time of signing of samples that need no time of their own [default: 2026-06-01T08:00:00Z].
        #[arg(long, value_parser = Moment::parse)]
        signed_at: Option<Moment>,
    },
    /// Write sound licences of one issuer, and its seal.
    Licences(Licences),
    /// Write one large sound licence.
    Large {
        /// File to write.
        file: PathBuf,
        /// Size of its pictures in MiB, 1 to 4096.
        #[arg(long)]
        mib: u32,
    },
    /// Write one sound signed PDF file.
    LargePdf {
        /// File to write.
        file: PathBuf,
        /// Size of its picture in KiB, 1 to 262144.
        #[arg(long)]
        kib: u32,
    },
}

#[derive(Args)]
struct Licences {
    /// Folder to write to.
    folder: PathBuf,
    /// How many.
    #[arg(long)]
    count: u32,
    /// Number of the first.
    #[arg(long, default_value_t = 1)]
    first: u32,
    /// GB/T 2260, 6 digits.
    #[arg(long)]
    province: String,
    /// Social credit code of the issuer.
    #[arg(long)]
    issuer: String,
    /// Type code: social credit code of the defining authority and three digits [default: a made-up one].
    #[arg(long = "type")]
    kind: Option<String>,
    /// Seal number, where the issuer has several seals [default: from the issuer's code].
    #[arg(long)]
    seal_id: Option<String>,
    /// Structure of seal and signature.
    #[arg(long, value_enum, default_value_t = SealVersion::V4)]
    structure: SealVersion,
    /// Time of signing [default: 2026-06-01T08:00:00Z].
    #[arg(long, value_parser = Moment::parse)]
    signed_at: Option<Moment>,
}

#[derive(Clone, Copy, ValueEnum)]
enum SealVersion {
    /// GM/T 0031-2014.
    V1,
    /// GB/T 38540-2020.
    V4,
    /// GM/T 0031-2025.
    V5,
}

impl From<SealVersion> for Structure {
    fn from(version: SealVersion) -> Self {
        match version {
            SealVersion::V1 => Self::V1,
            SealVersion::V4 => Self::V4,
            SealVersion::V5 => Self::V5,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(said) => {
            said.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Vec<String>, SampleError> {
    match command {
        Command::Make { folder, signed_at } => write_catalogue(&folder, signed_at.unwrap_or(SIGNED_AT)),
        Command::Licences(licences) => {
            write_licences(&licences.folder, &licences.spec()?, licences.first, licences.count)
        }
        Command::LargePdf { file, kib } => {
            write_large_pdf(&file, kib)?;
            Ok(vec![format!(
                "{}: 含 {kib} KiB 图片的已签名 PDF（a signed PDF with a picture of {kib} KiB）",
                file.display()
            )])
        }
        Command::Large { file, mib } => {
            let spec = LicenceSpec::new("310000", &social_credit_code("310000", 1)?, "LARGE", SIGNED_AT)?;
            write_large(&file, mib, &spec)?;
            Ok(vec![format!("{}: 含 {mib} MiB 图片的证照（a licence with pictures of {mib} MiB）", file.display())])
        }
    }
}

impl Licences {
    fn spec(&self) -> Result<LicenceSpec, SampleError> {
        // The serial is given licence by licence.
        let mut spec = LicenceSpec::new(&self.province, &self.issuer, "0", self.signed_at.unwrap_or(SIGNED_AT))?;
        spec.structure = self.structure.into();
        if let Some(kind) = &self.kind {
            spec.kind.clone_from(kind);
        }
        if let Some(seal_id) = &self.seal_id {
            spec.seal_id.clone_from(seal_id);
        }
        Ok(spec)
    }
}
