//! How the parts of a document that may change differ: catalog, form, fields, pages and annotations.

use super::change::{ChangeKind, Changes};
use super::compare::{differing, only_adds};
use super::file::Pdf;
use super::value::{Dict, Value};
use crate::defect::Defect;

/// Two revisions that follow each other, and what was found to differ.
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
                    let (old, new) = (self.pdf.dict_in(self.old, old, &key)?, self.pdf.dict_in(self.new, new, &key)?);
                    self.form(&old, &new)?;
                }
                "DSS" => self.found.add(ChangeKind::Security, "certificates and revocation lists (DSS)"),
                "Metadata" | "Extensions" | "Version" => self.found.add(ChangeKind::Metadata, format!("/{key}")),
                "Perms" => {
                    let (old, new) = (self.pdf.dict_in(self.old, old, &key)?, self.pdf.dict_in(self.new, new, &key)?);
                    self.permissions(&old, &new);
                }
                _ => self.found.add(ChangeKind::Shown, format!("/{key} of the catalog")),
            }
        }
        Ok(())
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
                    let (old, new) = (self.pdf.array_in(self.old, old, &key)?, self.pdf.array_in(self.new, new, &key)?);
                    self.field_list(&old, &new)?;
                }
                "SigFlags" => self.found.add(ChangeKind::Metadata, "/SigFlags of the form"),
                // Fonts and defaults for the appearance of new fields.
                "DA" | "DR" | "Q" if old.get(&key).is_none() => {
                    self.found.add(ChangeKind::Metadata, format!("/{key} of the form"));
                }
                "DR" => {
                    let (before, after) =
                        (self.pdf.dict_in(self.old, old, &key)?, self.pdf.dict_in(self.new, new, &key)?);
                    let kind = if only_adds(&before, &after) { ChangeKind::Metadata } else { ChangeKind::Shown };
                    self.found.add(kind, "resources of the form");
                }
                "NeedAppearances" if new.get(&key).is_none() || new.get(&key) == Some(&Value::Bool(false)) => {
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
        let Value::Dict(dict) = self.pdf.resolve(self.new, value)? else {
            self.found.add(ChangeKind::Unclear, "a field of the form was added that is not there");
            return Ok(());
        };
        if !self.is_signature_field(&dict)? {
            self.found.add(ChangeKind::Shown, "a field of the form was added");
            return Ok(());
        }
        // A field of its own above the widget is looked at for its value, the widget for its looks.
        let kids = self.pdf.array_in(self.new, &dict, "Kids")?;
        let mut is_drawn = self.is_drawn(&dict)?;
        for kid in kids.iter().take(16) {
            if let Value::Dict(kid) = self.pdf.resolve(self.new, kid)? {
                is_drawn |= self.is_drawn(&kid)?;
            }
        }
        self.signature_value(&dict, is_drawn || kids.len() > 16)
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

    /// Whether a widget shows anything: it has an appearance and a place with a size, and is not hidden.
    fn is_drawn(&self, dict: &Dict) -> Result<bool, Defect> {
        let number = |value: &Value| match value {
            Value::Integer(number) => Some(number.to_string()),
            Value::Real(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        };
        let corners: Vec<f64> = self
            .pdf
            .array_in(self.new, dict, "Rect")?
            .iter()
            .filter_map(|value| number(value)?.parse::<f64>().ok())
            .collect();
        let is_empty = match *corners.as_slice() {
            [left, bottom, right, top] => left == right || bottom == top,
            _ => false,
        };
        Ok(dict.get("AP").is_some() && !is_empty)
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
                    let (old, new) = (self.pdf.array_in(self.old, old, &key)?, self.pdf.array_in(self.new, new, &key)?);
                    self.field_list(&old, &new)?;
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
                    let (old, new) = (self.pdf.array_in(self.old, old, &key)?, self.pdf.array_in(self.new, new, &key)?);
                    self.annotations(&old, &new)?;
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
            let Value::Dict(dict) = self.pdf.resolve(self.new, &added)? else {
                self.found.add(ChangeKind::Unclear, "an annotation was added that is not there");
                continue;
            };
            if !dict.is_name("Subtype", "Widget") {
                let kind = String::from_utf8_lossy(dict.name("Subtype").unwrap_or(b"?")).into_owned();
                self.found.add(ChangeKind::Annotation, format!("an annotation of kind {kind} was added"));
            } else if self.is_signature_field(&dict)? {
                let is_drawn = self.is_drawn(&dict)?;
                self.signature_value(&dict, is_drawn)?;
            } else {
                self.found.add(ChangeKind::Shown, "a field of the form was added to a page");
            }
        }
        Ok(())
    }
}
