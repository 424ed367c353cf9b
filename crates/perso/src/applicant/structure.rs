//! JSON text to [`Record`]. The published schema itself tells which fields are missing, unknown or of another kind, so
//! that what is published and what is enforced cannot drift apart, and so that all such faults come at once with their
//! paths: a serde error would stop at the first and repeat the value.

use super::problem::Findings;
use super::record::Record;
use serde_json::Value;
use zeroize::Zeroize;

/// JSON Schema (draft 2020-12) of the record; published as `docs/schema/applicant.schema.json`.
pub fn schema() -> Value {
    schemars::schema_for!(Record).to_value()
}

/// The record when its shape is right; otherwise the findings say what is not.
pub(super) fn read(json: &str, findings: &mut Findings<'_>) -> Option<Record> {
    let mut value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        Err(error) => {
            // a syntax error of serde_json names signs that it expected, never what it read
            let place = format!("line {}, column {}", error.line(), error.column());
            findings.problem(
                place,
                "this is no JSON",
                "correct the text there: a comma, a quote or a bracket is missing",
            );
            return None;
        }
    };
    let schema = schema();
    Walk { root: &schema, findings }.check(&schema, &value, "");
    wipe(&mut value);
    if !findings.is_clean() {
        return None;
    }
    match serde_json::from_str(json) {
        Ok(record) => Some(record),
        Err(error) => {
            // what the schema does not see: the same field twice
            let place = format!("line {}, column {}", error.line(), error.column());
            findings.problem(place, "a field stands here twice, or is not what the schema says", "keep one of the two");
            None
        }
    }
}

/// A walk through schema and value side by side, for the keywords that the schema of [`Record`] uses.
struct Walk<'a, 'f, 'p> {
    root: &'a Value,
    findings: &'f mut Findings<'p>,
}

impl<'a> Walk<'a, '_, '_> {
    fn check(&mut self, schema: &'a Value, value: &Value, path: &str) {
        let schema = self.resolved(schema);
        let branches = schema.get("anyOf").and_then(Value::as_array);
        if let Some(branch) = branches.and_then(|all| all.iter().find(|branch| kinds(branch) != ["null"])) {
            // an optional part: null stands for its absence
            if !value.is_null() {
                self.check(branch, value, path);
            }
            return;
        }
        let words = words(schema);
        if !words.is_empty() {
            let known = value.as_str().is_some_and(|word| words.contains(&word));
            let remedy = format!("write one of {}", words.join(", "));
            self.findings.unless(known, path, "the word is not known here", remedy);
            return;
        }
        let kinds = kinds(schema);
        let kind = kind_of(value);
        let whole = value.is_u64() && kinds.contains(&"integer");
        if !kinds.is_empty() && !kinds.contains(&kind) && !whole {
            let what = format!("this is of the kind {kind}, the record wants {}", kinds.join(" or "));
            self.findings.problem(named(path), what, "write it as the schema says");
            return;
        }
        match value {
            Value::Object(_) => self.check_object(schema, value, path),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(schema) = schema.get("items") {
                        self.check(schema, item, &format!("{path}[{index}]"));
                    }
                }
            }
            _ => {}
        }
    }

    fn check_object(&mut self, schema: &'a Value, value: &Value, path: &str) {
        let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let (Some(properties), Some(fields)) = (schema.get("properties").and_then(Value::as_object), value.as_object())
        else {
            return;
        };
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str).filter(|key| !fields.contains_key(*key)) {
            let meaning = properties.get(key).and_then(|field| field.get("description")).and_then(Value::as_str);
            let meaning = meaning.map(|text| text.replace('\n', " "));
            let remedy = format!("add the field: {}", meaning.as_deref().unwrap_or("see the schema"));
            self.findings.problem(join(key), "the field is missing", remedy);
        }
        for (key, field) in fields {
            if let Some(schema) = properties.get(key) {
                self.check(schema, field, &join(key));
            } else {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                let remedy = format!("remove it or correct its name; known here: {}", known.join(", "));
                self.findings.problem(join(key), "the field is not known", remedy);
            }
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
        target.and_then(|place| self.root.pointer(place)).unwrap_or(schema)
    }
}

/// Words of an enumeration: `enum`, or `oneOf` with a `const` each where the words have descriptions.
fn words(schema: &Value) -> Vec<&str> {
    let list = schema.get("enum").and_then(Value::as_array).map(|all| all.iter().filter_map(Value::as_str).collect());
    list.unwrap_or_else(|| {
        let branches = schema.get("oneOf").and_then(Value::as_array);
        branches.into_iter().flatten().filter_map(|branch| branch.get("const").and_then(Value::as_str)).collect()
    })
}

/// The keyword `type`: one word or a list.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

const fn named(path: &str) -> &str {
    if path.is_empty() { "whole record" } else { path }
}

/// Wipes the texts of a value that held a record.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}
