//! Handing competence on (机构改革), and who acts for an organisation now or at a past time.

use clap::Args;
use huxin_chain_spec::api::LicenceAnswer;
use huxin_chain_spec::ids::{BasisCode, LicenceType, TimeMs, Uscc};
use huxin_chain_spec::record::membership::{Standing, Succession, SuccessionScope};
use huxin_chain_spec::state::succession::{CHAIN_BY_VOTE_MAX, Competence, HandedOn, SuccessionState, chain};
use huxin_chain_spec::state::{OrganisationState, ProvinceState, StateKey};
use huxin_chain_spec::verdict::{Check, CheckResult, IssuerStanding, issuer_standing};
use serde_json::{Value, json};

use super::context::{Global, Needs};
use super::output::Output;
use crate::error::{ClientError, ExitCode};
use crate::say;
use crate::sdk::{Client, ThingQuestion};

/// Who hands what on to whom.
#[derive(Debug, Clone, Args)]
pub struct SuccessionArguments {
    /// Unified social credit code (统一社会信用代码) of the organisation that hands on; it may have been removed already.
    from: Uscc,
    /// Unified social credit code of the organisation that acts from now on.
    #[arg(long)]
    to: Uscc,
    #[command(flatten)]
    scope: ScopeArguments,
    /// Code of the legal basis.
    #[arg(long)]
    basis: BasisCode,
}

/// What is handed on: at least one.
#[derive(Debug, Clone, Args)]
pub struct ScopeArguments {
    /// Licences, cases, seals and publications, all of them.
    #[arg(long, conflicts_with_all = ["licences", "licence_types", "cases", "seals", "publications"])]
    everything: bool,
    /// Licences of every type that was not handed on before.
    #[arg(long, conflicts_with = "licence_types")]
    licences: bool,
    /// Licences of this type; give several.
    #[arg(long = "licence-type", value_name = "TYPE")]
    licence_types: Vec<LicenceType>,
    /// Cases, open and new.
    #[arg(long)]
    cases: bool,
    /// Seals it filed or owns.
    #[arg(long)]
    seals: bool,
    /// Publications it owns.
    #[arg(long)]
    publications: bool,
}

impl SuccessionArguments {
    /// The statement.
    ///
    /// # Errors
    /// Where nothing is handed on, or to the same organisation.
    pub fn succession(self) -> Result<Succession, ClientError> {
        let Self { from, to, scope, basis } = self;
        if from == to {
            let said = say!("the successor is the same organisation", "承继机构与原机构相同");
            return Err(ClientError::at("--to", said));
        }
        let scope = scope.scope();
        if scope.matters().is_empty() {
            let said = say!(
                "give --everything, or what is handed on: --licences, --licence-type, --cases, --seals, --publications",
                "请给出 --everything，或所移交的职权：--licences、--licence-type、--cases、--seals、--publications"
            );
            return Err(ClientError::at("scope", said));
        }
        Ok(Succession { from, to, scope, basis })
    }
}

impl ScopeArguments {
    fn scope(mut self) -> SuccessionScope {
        self.licence_types.sort_unstable();
        self.licence_types.dedup();
        let all = self.everything;
        let some_types = !self.licence_types.is_empty();
        SuccessionScope {
            licences: (all || self.licences || some_types).then_some(self.licence_types),
            cases: all || self.cases,
            seals: all || self.seals,
            publications: all || self.publications,
        }
    }
}

/// Who acts for an organisation in one matter.
#[derive(Debug, Clone, Args)]
pub struct Authority {
    /// Its unified social credit code (统一社会信用代码).
    organisation: Uscc,
    /// In licences of this type.
    #[arg(long, value_name = "TYPE")]
    licence_type: Option<LicenceType>,
    /// In cases.
    #[arg(long)]
    cases: bool,
    /// In seals.
    #[arg(long)]
    seals: bool,
    /// In publications.
    #[arg(long)]
    publications: bool,
    /// The time asked about: 2026-11-21 (its first moment in Beijing) or RFC 3339; now if absent.
    #[arg(long, value_name = "TIME")]
    as_of: Option<TimeMs>,
}

impl Authority {
    fn competence(&self) -> Result<Competence, ClientError> {
        let named = [
            self.licence_type.map(Competence::Licences),
            self.cases.then_some(Competence::Cases),
            self.seals.then_some(Competence::Seals),
            self.publications.then_some(Competence::Publications),
        ];
        match named.into_iter().flatten().collect::<Vec<_>>()[..] {
            [one] => Ok(one),
            _ => Err(ClientError::at(
                "authority",
                say!(
                    "give one of --licence-type, --cases, --seals, --publications",
                    "请在 --licence-type、--cases、--seals、--publications 中给出一项"
                ),
            )),
        }
    }

    /// Every hand-over on the way is proven by a receipt of its own.
    pub async fn run(self, global: &Global, output: &Output) -> Result<ExitCode, ClientError> {
        let (client, competence) = global.ready(Needs::Question, |_| self.competence()).await?;
        let Answer { value, text, exit_code } = self.answer(&client, competence).await?;
        output.answer(&value, || text);
        Ok(exit_code)
    }

    async fn answer(&self, client: &Client, competence: Competence) -> Result<Answer, ClientError> {
        let key = StateKey::Organisation(self.organisation);
        let organisation = client.thing(&ThingQuestion { as_of: self.as_of, ..ThingQuestion::now(key) }).await?;
        // Of a later time than the newest block's nothing is proven: the answer is as of that block.
        let as_of = TimeMs(organisation.as_of.time_ms);
        let (code, time) = (self.organisation, as_of.to_beijing());
        if organisation.state_as::<OrganisationState>()?.is_none() {
            let text =
                format!("{code} 截至 {time} 未在本账本登记\n{code} is not registered on this ledger as of {time}");
            let value = json!({ "organisation": code, "as_of": as_of.to_string(), "registered": false });
            return Ok(Answer { value, text, exit_code: ExitCode::NotOnLedger });
        }
        let steps = proven_chain(client, &code, competence, as_of).await?;
        let acting = steps.last().map_or(code, |step| step.to);
        let standing = standing_of(client, acting, !steps.is_empty(), self.as_of).await?;
        let check = issuer_standing(standing);
        let exit_code = match check.result {
            CheckResult::Pass => ExitCode::Success,
            CheckResult::Fail => ExitCode::Refused,
            CheckResult::Unknown => ExitCode::NotChecked,
        };
        let acts = (check.result == CheckResult::Pass).then_some(acting);
        let head = match acts {
            Some(_) => format!("{acting} 行使职权 acts for {code}"),
            None => format!("{acting}：{}\n{acting}: {} [{}]", check.zh, check.en, check.code),
        };
        let step = |step: &HandedOn| {
            let since = step.recorded_ms.to_beijing();
            format!("\n  移交 handed on to {} since {since}  record {}", step.to, step.recorded_by)
        };
        let shown: String = steps.iter().map(step).collect();
        let text = format!("{head}{shown}\n  截至 as of {time}\n  证明已在本机核验 proof checked here");
        let value = json!({
            "organisation": code, "as_of": as_of.to_string(), "acts": acts, "standing": check, "chain": steps, "proven": true,
        });
        Ok(Answer { value, text, exit_code })
    }
}

/// An answer in both forms.
struct Answer {
    value: Value,
    text: String,
    exit_code: ExitCode,
}

/// The hand-overs from `organisation` on, by `known`, each from a state proven now: a state keeps what was handed on before.
///
/// # Errors
/// Those of [`Client::thing`].
pub async fn proven_chain(
    client: &Client,
    organisation: &Uscc,
    competence: Competence,
    known: TimeMs,
) -> Result<Vec<HandedOn>, ClientError> {
    let mut proven: Vec<(Uscc, Option<SuccessionState>)> = Vec::new();
    for _ in 0..=CHAIN_BY_VOTE_MAX {
        // As far as the states known so far lead; the first unknown one is fetched, and the walk begins again.
        let read = |at: &Uscc| match proven.iter().find(|(one, _)| one == at) {
            Some((_, state)) => Ok(state.clone()),
            None => Err(*at),
        };
        match chain(organisation, competence, known, read) {
            Ok(steps) => return Ok(steps),
            Err(missing) => {
                let question = ThingQuestion::now(StateKey::Succession(missing));
                proven.push((missing, client.thing(&question).await?.state_as()?));
            }
        }
    }
    let said = say!("the chain of hand-overs is longer than the ledger allows", "移交链条超过账本允许的长度");
    Err(ClientError::at("succession", said))
}

/// How the issuer of a licence stands now, proven: active, suspended, ended, or succeeded by whom.
///
/// # Errors
/// Those of [`Client::thing`].
pub async fn standing_of_issuer(client: &Client, licence: &LicenceAnswer) -> Result<Check, ClientError> {
    let (Ok(issuer), Ok(licence_type)) = (licence.issuer.parse::<Uscc>(), licence.licence_type.parse()) else {
        return Ok(issuer_standing(IssuerStanding::NotProven));
    };
    let steps = proven_chain(client, &issuer, Competence::Licences(licence_type), TimeMs::MAX).await?;
    let acting = steps.last().map_or(issuer, |step| step.to);
    Ok(issuer_standing(standing_of(client, acting, !steps.is_empty(), None).await?))
}

/// How the organisation that acts stands, and its province, now or at a time. `succeeds` says whether another one handed on to it.
async fn standing_of(
    client: &Client,
    acting: Uscc,
    succeeds: bool,
    as_of: Option<TimeMs>,
) -> Result<IssuerStanding, ClientError> {
    let at = |key: StateKey| ThingQuestion { as_of, ..ThingQuestion::now(key) };
    let organisation: Option<OrganisationState> =
        client.thing(&at(StateKey::Organisation(acting))).await?.state_as()?;
    let province = match &organisation {
        Some(organisation) => {
            client.thing(&at(StateKey::Province(organisation.province))).await?.state_as::<ProvinceState>()?
        }
        None => None,
    };
    Ok(match (organisation, province) {
        (Some(organisation), Some(province)) => match (organisation.standing, province.standing) {
            (Standing::Active, Standing::Active) if succeeds => IssuerStanding::Succeeded(acting),
            (Standing::Active, Standing::Active) => IssuerStanding::Active,
            (Standing::Removed, _) | (_, Standing::Removed) => IssuerStanding::Ended,
            _ => IssuerStanding::Suspended,
        },
        _ => IssuerStanding::NotProven,
    })
}

#[cfg(test)]
#[path = "succession_tests.rs"]
mod tests;
