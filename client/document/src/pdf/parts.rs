//! How the parts of a document that may change differ: catalog, form, fields, pages and annotations.

use super::change::{ChangeKind, Changes};
use super::compare::{differing, only_adds};
use super::file::Pdf;
use super::value::{Dict, Value};
use crate::defect::Defect;

/// Keys of a field for a signature and of its widget (12.5.2, 12.5.6.19, 12.7.4, 12.7.5.5) that draw nothing where the place has no size, and
/// do nothing. Actions (/A, /AA) are not among them.
const SIGNATURE_FIELD_KEYS: [&str; 28] = [
    "Type",
    "Subtype",
    "FT",
    "T",
    "TU",
    "TM",
    "Ff",
    "F",
    "P",
    "Rect",
    "V",
    "Parent",
    "Kids",
    "Lock",
    "SV",
    "DA",
    "DR",
    "Q",
    "MK",
    "AP",
    "AS",
    "BS",
    "Border",
    "C",
    "H",
    "M",
    "NM",
    "StructParent",
];

/// An array as it was, and as it is.
type Lists = (Vec<Value>, Vec<Value>);

/// A signed revision and a later one, and what was found to differ.
pub(super) struct Step<'p, 'a> {
    pub pdf: &'p Pdf<'a>,
    pub old: usize,
    pub new: usize,
    pub found: Changes,
}

impl Step<'_, '_> {
    pub(super) fn catalog(&mut self, old: &Dict, new: &Dict) -> Result<(), Defect> {
        for key in differing(old, new) {
            match key.as_str() {
                "AcroForm" => {
                    if let Some((old, new)) = self.dicts(&key, old, new)? {
                        self.form(&old, &new)?;
                    }
                }
                "DSS" => self.found.add(ChangeKind::Security, "certificates and revocation lists (DSS)"),
                "Metadata" | "Extensions" | "Version" => self.found.add(ChangeKind::Metadata, format!("/{key}")),
                "Perms" => {
                    if let Some((old, new)) = self.dicts(&key, old, new)? {
                        self.permissions(&old, &new);
                    }
                }
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the catalog")),
            }
        }
        Ok(())
    }

    /// The dictionaries under a key, each empty where there is none. What is neither, as it was or as it is, counts as shown.
    fn dicts(&mut self, key: &str, old: &Dict, new: &Dict) -> Result<Option<(Dict, Dict)>, Defect> {
        match self.values(key, old, new)? {
            [Value::Dict(old), Value::Dict(new)] => Ok(Some((old, new))),
            [Value::Null, Value::Dict(new)] => Ok(Some((Dict::default(), new))),
            [Value::Dict(old), Value::Null] => Ok(Some((old, Dict::default()))),
            _ => {
                self.found.add(ChangeKind::Shown, format!("/{key}, which is not a dictionary"));
                Ok(None)
            }
        }
    }

    /// The same of arrays.
    fn lists(&mut self, key: &str, old: &Dict, new: &Dict) -> Result<Option<Lists>, Defect> {
        match self.values(key, old, new)? {
            [Value::Array(old), Value::Array(new)] => Ok(Some((old, new))),
            [Value::Null, Value::Array(new)] => Ok(Some((Vec::new(), new))),
            [Value::Array(old), Value::Null] => Ok(Some((old, Vec::new()))),
            _ => {
                self.found.add(ChangeKind::Shown, format!("/{key}, which is not an array"));
                Ok(None)
            }
        }
    }

    fn values(&self, key: &str, old: &Dict, new: &Dict) -> Result<[Value; 2], Defect> {
        let value = |revision, dict: &Dict| match dict.get(key) {
            Some(value) => self.pdf.resolve(revision, value),
            None => Ok(Value::Null),
        };
        Ok([value(self.old, old)?, value(self.new, new)?])
    }

    pub(super) fn permissions(&mut self, old: &Dict, new: &Dict) {
        for key in differing(old, new) {
            match (old.get(&key), new.get(&key).and_then(Value::reference)) {
                (None, Some(number)) => self.found.add(ChangeKind::Signature(number, false), format!("/Perms /{key}")),
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the permissions")),
            }
        }
    }

    pub(super) fn form(&mut self, old: &Dict, new: &Dict) -> Result<(), Defect> {
        for key in differing(old, new) {
            match key.as_str() {
                "Fields" => {
                    if let Some((old, new)) = self.lists(&key, old, new)? {
                        self.field_list(&old, &new)?;
                    }
                }
                "SigFlags" => self.found.add(ChangeKind::Metadata, "/SigFlags of the form"),
                // Fonts and defaults for the appearance of new fields.
                "DA" | "DR" | "Q" if old.get(&key).is_none() => {
                    self.found.add(ChangeKind::Metadata, format!("/{key} of the form"));
                }
                "DR" => {
                    if let Some((before, after)) = self.dicts(&key, old, new)? {
                        let kind = if only_adds(&before, &after) { ChangeKind::Metadata } else { ChangeKind::Shown };
                        self.found.add(kind, "resources of the form");
                    }
                }
                // Set, readers draw fields from their values; where it is taken back, an appearance may show that says something else.
                "NeedAppearances" if [old, new].iter().all(|form| is_off(form.get(&key))) => {
                    self.found.add(ChangeKind::Metadata, "/NeedAppearances of the form");
                }
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the form")),
            }
        }
        Ok(())
    }

    /// Lists of fields and annotations keep what they had, in order; what comes in addition is told by `added`.
    fn additions(&mut self, old: &[Value], new: &[Value], what: &str) -> Vec<Value> {
        let (mut rest, mut additions) = (old.iter().peekable(), Vec::new());
        for value in new {
            if rest.peek() == Some(&value) {
                rest.next();
            } else {
                additions.push(value.clone());
            }
        }
        if rest.next().is_some() {
            self.found.add(ChangeKind::Shown, format!("{what} was removed or moved"));
        }
        additions
    }

    pub(super) fn field_list(&mut self, old: &[Value], new: &[Value]) -> Result<(), Defect> {
        for added in self.additions(old, new, "a field of the form") {
            self.added_field(&added)?;
        }
        Ok(())
    }

    fn added_field(&mut self, value: &Value) -> Result<(), Defect> {
        let Some(dict) = self.added(value, "a field of the form")? else { return Ok(()) };
        if !self.is_signature_field(&dict)? {
            self.found.add(ChangeKind::Shown, "a field of the form was added");
            return Ok(());
        }
        self.signature_field(&dict)
    }

    /// A dictionary that a list has in addition. It must be new as well: what was there when the document was signed has a part already.
    fn added(&mut self, value: &Value, what: &str) -> Result<Option<Dict>, Defect> {
        let is_old = value.reference().is_some_and(|number| self.pdf.lookup(self.old, number).is_some());
        if is_old {
            self.found.add(ChangeKind::Shown, format!("an object of the signed revision was made {what}"));
            return Ok(None);
        }
        let is_stream = match value.reference() {
            Some(number) => self.pdf.object(self.new, number)?.is_some_and(|object| object.stream.is_some()),
            None => false,
        };
        match self.pdf.resolve(self.new, value)? {
            Value::Dict(dict) if !is_stream => Ok(Some(dict)),
            _ => {
                self.found.add(ChangeKind::Unclear, format!("{what} was added that is not there"));
                Ok(None)
            }
        }
    }

    /// A field for a signature that was added, or a widget of one.
    fn signature_field(&mut self, dict: &Dict) -> Result<(), Defect> {
        self.only_known_keys(dict);
        // A field of its own above the widget is looked at for its value, the widget for its looks.
        let mut is_drawn = self.is_drawn(dict)?;
        let kids = dict.get("Kids").map(|kids| self.pdf.resolve(self.new, kids)).transpose()?;
        match kids {
            None => {}
            Some(Value::Array(kids)) if kids.len() <= 16 => {
                for kid in &kids {
                    let Some(kid) = self.added(kid, "a widget of a signature")? else { continue };
                    self.only_known_keys(&kid);
                    is_drawn |= self.is_drawn(&kid)?;
                    if kid.get("Kids").is_some() || !self.is_signature_field(&kid)? {
                        self.found.add(ChangeKind::Unclear, "a field for a signature that has other fields below it");
                    }
                }
            }
            Some(_) => self.found.add(ChangeKind::Unclear, "a field for a signature whose /Kids are not its widgets"),
        }
        self.signature_value(dict, is_drawn)
    }

    /// What is not known of a field may act or draw.
    fn only_known_keys(&mut self, dict: &Dict) {
        let is_known = |key: &[u8]| SIGNATURE_FIELD_KEYS.iter().any(|known| known.as_bytes() == key);
        for (key, _) in dict.entries.iter().filter(|(key, _)| !is_known(key)) {
            let detail = format!("/{} of a field for a signature that was added", String::from_utf8_lossy(key));
            self.found.add(ChangeKind::Shown, detail);
        }
    }

    /// Notes what a signature field that is new, or newly has a value, amounts to.
    fn signature_value(&mut self, dict: &Dict, is_drawn: bool) -> Result<(), Defect> {
        let value = self.inherited(dict, "V")?;
        match value {
            Some(Value::Reference(number, _)) => {
                self.found.add(ChangeKind::Signature(number, is_drawn), format!("a signature, object {number}"));
            }
            Some(_) => self.found.add(ChangeKind::Unclear, "a signature that is not an object of its own"),
            None if is_drawn => self.found.add(ChangeKind::Shown, "a field for a signature, empty and drawn"),
            None => self.found.add(ChangeKind::EmptyField, "a field for a signature"),
        }
        Ok(())
    }

    /// A value of a field, its own or of the field above.
    fn inherited(&self, dict: &Dict, key: &str) -> Result<Option<Value>, Defect> {
        let mut dict = dict.clone();
        for _ in 0..16 {
            if let Some(value) = dict.get(key) {
                return Ok(Some(value.clone()));
            }
            let above = self.pdf.dict_in(self.new, &dict, "Parent")?;
            if above.entries.is_empty() {
                break;
            }
            dict = above;
        }
        Ok(None)
    }

    fn is_signature_field(&self, dict: &Dict) -> Result<bool, Defect> {
        Ok(self.inherited(dict, "FT")? == Some(Value::Name(b"Sig".to_vec())))
    }

    /// Whether a widget may show anything: its place has a size or cannot be read, or it has none and looks all the same. Flags that hide it
    /// and the lack of an appearance are not counted on: readers draw borders, backgrounds and missing appearances themselves.
    fn is_drawn(&self, dict: &Dict) -> Result<bool, Defect> {
        let Some(place) = dict.get("Rect") else { return Ok(dict.get("AP").is_some() || dict.get("MK").is_some()) };
        let place = self.pdf.resolve(self.new, place)?;
        let number = |value: &Value| match value {
            Value::Integer(number) => number.to_string().parse::<f64>().ok(),
            Value::Real(text) => String::from_utf8_lossy(text).parse::<f64>().ok(),
            _ => None,
        };
        let corners: Option<Vec<f64>> = place.array().and_then(|corners| corners.iter().map(number).collect());
        let is_empty = match corners.as_deref() {
            Some([left, bottom, right, top]) => left == right || bottom == top,
            _ => false,
        };
        Ok(!is_empty)
    }

    pub(super) fn field(&mut self, kind: &[u8], name: &str, old: &Dict, new: &Dict) -> Result<(), Defect> {
        let keys = differing(old, new);
        let is_signed_now = kind == b"Sig" && old.get("V").is_none() && new.get("V").is_some();
        if is_signed_now {
            let is_drawn = self.is_drawn(new)?;
            self.signature_value(new, is_drawn)?;
        }
        for key in keys {
            let is_of_value = match kind {
                b"Sig" => is_signed_now && ["V", "AP", "AS", "M", "F", "MK", "P", "Lock"].contains(&key.as_str()),
                b"Tx" | b"Btn" | b"Ch" => ["V", "AP", "AS", "I", "M", "RV"].contains(&key.as_str()),
                _ => false,
            };
            match key.as_str() {
                "Kids" => {
                    if let Some((old, new)) = self.lists(&key, old, new)? {
                        self.field_list(&old, &new)?;
                    }
                }
                _ if is_of_value && kind == b"Sig" => {}
                _ if is_of_value => {
                    self.found.add(ChangeKind::FormFill(name.to_owned()), format!("the value of the field {name}"));
                }
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the field {name}")),
            }
        }
        Ok(())
    }

    pub(super) fn page(&mut self, number: u32, old: &Dict, new: &Dict) -> Result<(), Defect> {
        for key in differing(old, new) {
            match key.as_str() {
                "Annots" => {
                    if let Some((old, new)) = self.lists(&key, old, new)? {
                        self.annotations(&old, &new)?;
                    }
                }
                "Tabs" | "LastModified" | "Metadata" | "PieceInfo" => {
                    self.found.add(ChangeKind::Metadata, format!("/{key} of a page"));
                }
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the page of object {number}")),
            }
        }
        Ok(())
    }

    pub(super) fn annotations(&mut self, old: &[Value], new: &[Value]) -> Result<(), Defect> {
        for added in self.additions(old, new, "an annotation") {
            let Some(dict) = self.added(&added, "an annotation")? else { continue };
            if !dict.is_name("Subtype", "Widget") {
                let kind = String::from_utf8_lossy(dict.name("Subtype").unwrap_or(b"?")).into_owned();
                self.found.add(ChangeKind::Annotation, format!("an annotation of kind {kind} was added"));
            } else if self.is_signature_field(&dict)? {
                self.signature_field(&dict)?;
            } else {
                self.found.add(ChangeKind::Shown, "a field of the form was added to a page");
            }
        }
        Ok(())
    }
}

fn is_off(value: Option<&Value>) -> bool {
    matches!(value, None | Some(Value::Null | Value::Bool(false)))
}
