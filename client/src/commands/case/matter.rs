//! Steps that name an item at an agency, and the opening of a bundle.

use clap::Args;
use huxin_chain_spec::crypto::{Digest, DigestAlgorithm};
use huxin_chain_spec::ids::{BundleRef, CaseRef, MaterialCode, Uscc};
use huxin_chain_spec::record::CaseOperation;
use huxin_chain_spec::record::case::{BundleChild, BundleOpening, Collection, Matter, PolicyVersion, Step};
use huxin_chain_spec::record::publication::{CaseMode, PublicationKey, PublicationKind, Scope};
use huxin_chain_spec::state::StateKey;
use huxin_chain_spec::state::publication::PublicationState;

use super::{RootArguments, StepArguments};
use crate::commands::arguments::{DigestSource, Owned, ReceiptFile, bundle_ref, owned, publication_key, sorted, word};
use crate::error::ClientError;
use crate::said::Said;
use crate::say;
use crate::sdk::{Client, ThingQuestion};

/// An item at the agency that decides it. Versions that are not given are those in force on the ledger.
#[derive(Debug, Clone, Args)]
pub struct MatterArguments {
    /// Unified social credit code of the deciding agency.
    #[arg(long)]
    agency: Uscc,
    /// The item, as the agency's province publishes it: item/310000/001010100000.
    #[arg(long, value_name = "KIND/SCOPE/CODE", value_parser = publication_key)]
    item: PublicationKey,
    /// Version of the item; the one in force if absent.
    #[arg(long, value_name = "N")]
    item_version: Option<u32>,
    /// Version of the guide (办事指南); the one in force if absent.
    #[arg(long, value_name = "N")]
    guide_version: Option<u32>,
    /// Version of the duty assignment (职责分工); the one in force if absent.
    #[arg(long, value_name = "N")]
    duty_version: Option<u32>,
}

/// The versions that govern a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Versions {
    pub item: u32,
    pub guide: u32,
    pub duty: Option<u32>,
}

impl MatterArguments {
    /// The versions given, completed by those that are proven to be in force.
    pub(super) async fn versions(&self, client: &Client) -> Result<Versions, ClientError> {
        let item = match self.item_version {
            Some(version) => version,
            None => required(client, &self.item, "--item-version").await?,
        };
        let guide = match self.guide_version {
            Some(version) => version,
            None => required(client, &self.beside(PublicationKind::Guide, self.item.scope), "--guide-version").await?,
        };
        let mut duty = self.duty_version;
        for scope in [self.item.scope, Scope::Consortium] {
            if duty.is_none() {
                duty = in_force(client, &self.beside(PublicationKind::DutyAssignment, scope)).await?;
            }
        }
        Ok(Versions { item, guide, duty })
    }

    fn beside(&self, kind: PublicationKind, scope: Scope) -> PublicationKey {
        PublicationKey { kind, scope, code: self.item.code.clone() }
    }

    fn matter(self, versions: Versions) -> Matter {
        Matter {
            agency: self.agency,
            item: self.item,
            item_version: versions.item,
            guide_version: versions.guide,
            duty_version: versions.duty,
        }
    }
}

/// The version of a publication that is proven to be in force.
async fn in_force(client: &Client, publication: &PublicationKey) -> Result<Option<u32>, ClientError> {
    let found = client.thing(&ThingQuestion::now(StateKey::Publication(publication.clone()))).await?;
    Ok(found.state_as::<PublicationState>()?.and_then(|state| state.in_force()))
}

/// Why no version can be taken from the ledger.
pub(in crate::commands) fn not_in_force(publication: &PublicationKey) -> Said {
    say!(
        "no version of {publication} is in force on the ledger; look with `huxin publish show {publication}`",
        "账本上没有生效的 {publication}；请用 huxin publish show {publication} 查看"
    )
}

async fn required(client: &Client, publication: &PublicationKey, option: &str) -> Result<u32, ClientError> {
    let version = in_force(client, publication).await?;
    version.ok_or_else(|| ClientError::at(option, not_in_force(publication)))
}

/// 收件.
#[derive(Debug, Clone, Args)]
pub struct Collect {
    #[command(flatten)]
    step: StepArguments,
    /// full-online (全程网办), collect-on-behalf (异地代收代办), multi-place (多地联办), relay (接续办), bundle (集成办) or
    /// no-application (免申办).
    #[arg(long, value_parser = word::<CaseMode>)]
    mode: CaseMode,
    #[command(flatten)]
    pub(super) matter: MatterArguments,
    /// Material collected; give several.
    #[arg(long = "material", value_name = "MATERIAL")]
    materials: Vec<MaterialCode>,
    /// Keyed commitment to the applicant, hex.
    #[arg(long, value_name = "HEX")]
    subject: Option<Digest>,
    /// The bundle it belongs to, as LEAD/NUMBER or by reference (mode bundle).
    #[arg(long)]
    bundle: Option<String>,
    /// The policy it rests on (mode no-application).
    #[arg(long, value_name = "KIND/SCOPE/CODE", value_parser = publication_key, requires = "policy_version")]
    policy: Option<PublicationKey>,
    /// Version of the policy.
    #[arg(long, value_name = "N", requires = "policy")]
    policy_version: Option<u32>,
}

impl Collect {
    pub(super) fn operation(
        self,
        algorithm: DigestAlgorithm,
        versions: Versions,
    ) -> Result<(CaseOperation, ReceiptFile), ClientError> {
        let policy = self.policy.zip(self.policy_version);
        // The ledger is told the name, from which it makes the reference itself.
        let Owned { owner, name } = owned(algorithm, &self.step.case, "CASE", None)?;
        let collection = Collection {
            step: Step { case: CaseRef::owned(algorithm, &owner, &name), mandate: self.step.mandate.clone() },
            name,
            mode: self.mode,
            matter: self.matter.matter(versions),
            materials: sorted(self.materials),
            subject: self.subject,
            bundle: self.bundle.map(|text| bundle_ref(algorithm, &text)).transpose()?,
            policy: policy.map(|(policy, version)| PolicyVersion { policy, version }),
        };
        Ok((CaseOperation::Collect(Box::new(collection)), self.step.receipt))
    }
}

/// 接续移交.
#[derive(Debug, Clone, Args)]
pub struct Relay {
    #[command(flatten)]
    step: StepArguments,
    #[command(flatten)]
    pub(super) matter: MatterArguments,
    /// The notice to the next agency.
    #[arg(long, value_name = "FILE")]
    notice: DigestSource,
    /// The result of this part.
    #[arg(long, value_name = "FILE")]
    result: DigestSource,
}

impl Relay {
    pub(super) fn operation(
        self,
        algorithm: DigestAlgorithm,
        versions: Versions,
    ) -> Result<(CaseOperation, ReceiptFile), ClientError> {
        let operation = CaseOperation::Relay {
            step: self.step.step(algorithm)?,
            matter: Box::new(self.matter.matter(versions)),
            notice: self.notice.digest("--notice")?,
            result: self.result.digest("--result")?,
        };
        Ok((operation, self.step.receipt))
    }
}

/// 集成办开件.
#[derive(Debug, Clone, Args)]
pub struct OpenBundle {
    /// Number that the lead gives the bundle.
    bundle: String,
    /// The lead agency (牵头部门): the organisation of the signing key.
    #[arg(long)]
    lead: Uscc,
    #[command(flatten)]
    root: RootArguments,
    /// Its cases in order, which the lead will collect: NUMBER, or NUMBER:after=1,2 for one that waits for the first and the second.
    #[arg(long = "child", value_name = "NUMBER[:after=N,..]", required = true)]
    children: Vec<String>,
    #[command(flatten)]
    receipt: ReceiptFile,
}

impl OpenBundle {
    pub(super) fn operation(self, algorithm: DigestAlgorithm) -> Result<(CaseOperation, ReceiptFile), ClientError> {
        let lead = self.lead;
        let children = self.children.iter().zip(0..).map(|(text, position)| child(algorithm, &lead, text, position));
        let name = owned(algorithm, &self.bundle, "BUNDLE", Some(&lead))?.name;
        let opening = BundleOpening {
            bundle: BundleRef::owned(algorithm, &lead, &name),
            name,
            lead: self.lead,
            material_root: self.root.material_root.digest("--material-root")?,
            children: children.collect::<Result<_, _>>()?,
        };
        Ok((CaseOperation::BundleOpen(Box::new(opening)), self.receipt))
    }
}

/// One case of a bundle. People count from 1, the record from 0.
fn child(algorithm: DigestAlgorithm, lead: &Uscc, text: &str, position: usize) -> Result<BundleChild, ClientError> {
    let (case, after) = match text.rsplit_once(":after=") {
        Some((case, after)) => (case, after.split(',').map(|number| earlier(text, number, position)).collect()),
        None => (text, Ok(Vec::new())),
    };
    let case = match case.parse() {
        Ok(reference) => reference,
        Err(_) => CaseRef::owned(algorithm, lead, &owned(algorithm, case, "--child", Some(lead))?.name),
    };
    Ok(BundleChild { case, after: sorted(after?) })
}

fn earlier(text: &str, number: &str, position: usize) -> Result<u8, ClientError> {
    let place = number.parse::<u8>().ok().and_then(|number| number.checked_sub(1));
    place.filter(|place| usize::from(*place) < position).ok_or_else(|| {
        let said = say!(
            "{number:?} in {text:?} is not the number of a case given before it, counted from 1",
            "{text:?} 中的 {number:?} 不是排在它之前的办件序号（从 1 起）"
        );
        ClientError::at("--child", said)
    })
}
