//! `xenops call`: any method.

use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Outcome, Session};

/// Call a method and print its result as JSON
///
/// A method is a function of libxl without its `libxl_`; types look as `xl list -l` prints them. The result is indented
/// on a terminal, else one line. When the method fails, what libxl logged follows the error on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops call get_version_info
  xenops call domain_info '{\"domid\": 5}'
  xenops call domain_stats '{\"groups\": [\"name\", \"cpu\"]}'
  xenops call set_memory_target '[\"web\", 524288, 0, 1]'
  xenops --timeout 0 call domain_core_dump '[\"web\", \"/var/crash/web.core\"]'")]
pub(crate) struct Call {
    /// The method, such as domain_info
    method: String,

    /// Its parameters: a JSON object, '{"domid": 5}', or an array of them in their order, '[5]'
    #[arg(value_name = "PARAMS-JSON", value_parser = params)]
    params: Option<Box<RawValue>>,
}

impl Call {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let result: Value = session.client.call(&self.method, &self.params)?;
        Ok(super::json(&result))
    }
}

/// JSON that can be params. It is sent as it was typed.
fn params(text: &str) -> Result<Box<RawValue>, String> {
    let value: Box<RawValue> = serde_json::from_str(text).map_err(|error| format!("no valid JSON: {error}"))?;
    match value.get().as_bytes().first() {
        Some(b'{' | b'[') => Ok(value),
        _ => Err("expected an object or an array".to_owned()),
    }
}
