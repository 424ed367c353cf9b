//! The only place that prints. Results go to standard output, as JSON or as tables; progress and warnings to standard
//! error. A closed pipe ends the output quietly.

use std::io::{IsTerminal, Write};

use bitaqa_perso::execute::Progress;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::exit::{Class, Failure};

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON on standard output.
    Json,
    /// Tables and sentences.
    Human,
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Form.
    pub form: Form,
}

impl Output {
    /// JSON or human form.
    pub const fn new(json: bool) -> Self {
        Self { form: if json { Form::Json } else { Form::Human } }
    }

    /// The result of a command: `value` as JSON, or what `human` makes.
    ///
    /// # Errors
    /// Internal, when the value cannot be written as JSON.
    pub fn result(self, value: &impl Serialize, human: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = match self.form {
            Form::Human => human(),
            Form::Json => serde_json::to_string_pretty(value)
                .map_err(|error| Failure::new(Class::Internal, format!("result as JSON: {error}")))?,
        };
        Self::line(text.trim_end());
        Ok(())
    }

    /// Text that is the result itself (a schema, a script), in both forms.
    pub fn text(text: &str) {
        Self::line(text.trim_end());
    }

    /// A word to the operator, on standard error; none in JSON form.
    pub fn note(self, text: &str) {
        if self.form == Form::Human {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A word that the operator must have before something is lost, on standard error in both forms.
    pub fn warn(text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Asks the operator on a terminal; nobody is asked elsewhere, and nobody has agreed then.
    ///
    /// # Errors
    /// Internal, when the terminal fails.
    pub fn agree(self, question: &str) -> Result<bool, Failure> {
        if self.form == Form::Json || !std::io::stdin().is_terminal() {
            return Ok(false);
        }
        let asked = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
        asked.map_err(|error| Failure::new(Class::Internal, error.to_string()))
    }

    /// The end of a failed run; in JSON form nothing more where the result has told it.
    pub fn failure(self, failure: &Failure) {
        match self.form {
            Form::Human => {
                let _ = writeln!(std::io::stderr(), "bitaqa: {failure}");
            }
            Form::Json if failure.result_given => {}
            Form::Json => {
                let value = json!({ "error": failure, "exit_code": failure.class.code() });
                Self::line(&serde_json::to_string_pretty(&value).unwrap_or_else(|_| value.to_string()));
            }
        }
    }

    fn line(text: &str) {
        // A reader that closed the pipe (`| head`) has seen enough.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// A table with a head, as text.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.set_header(head);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// Steps and octets on standard error while a card is written: a bar on a terminal, nothing elsewhere.
pub struct Bar(ProgressBar);

impl Bar {
    /// Visible on a terminal and in human form only.
    pub fn new(output: Output) -> Self {
        let visible = output.form == Form::Human && std::io::stderr().is_terminal();
        let bar = if visible { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg:40!} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn plan(&mut self, bytes: usize) {
        self.0.inc_length(bytes as u64);
    }

    fn step(&mut self, number: usize, total: usize, name: &str) {
        self.0.set_message(format!("{number}/{total} {name}"));
    }

    fn wrote(&mut self, bytes: usize) {
        self.0.inc(bytes as u64);
    }
}
