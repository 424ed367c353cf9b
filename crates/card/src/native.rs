//! The native modules that this program has, by the names that images and load files know them by.

use bitaqa_apdu::Aid;

use crate::applet::Module;
use crate::{application, emrtd};

/// Name of the module whose instances are security domains. The card manager answers for them, so no code stands here.
pub const SECURITY_DOMAIN: &str = "security-domain";

/// Whether this program has the module.
pub fn is_known(name: &str) -> bool {
    matches!(name, SECURITY_DOMAIN | emrtd::NAME | application::NAME)
}

/// The module of this name under an AID; none for a security domain.
pub fn module(name: &str, aid: &Aid) -> Option<Box<dyn Module>> {
    match name {
        emrtd::NAME => Some(Box::new(emrtd::EmrtdModule::new(aid.clone()))),
        application::NAME => Some(Box::new(application::ApplicationModule::new(aid.clone()))),
        _ => None,
    }
}
