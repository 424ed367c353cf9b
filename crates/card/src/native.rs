//! The native modules that this program has, by the names that images and load files know them by.

use bitaqa_apdu::Aid;

use crate::applet::Module;
use crate::{Platform, application, emrtd};

/// Name of the module whose instances are security domains. The card manager answers for them, so no code stands here.
pub const SECURITY_DOMAIN: &str = "security-domain";

/// Whether this program, or the platform under the card, has the module.
pub fn is_known(name: &str, aid: &Aid, platform: &dyn Platform) -> bool {
    matches!(name, SECURITY_DOMAIN | emrtd::NAME | application::NAME) || platform.module(name, aid).is_some()
}

/// The module of this name under an AID; none for a security domain.
pub fn module(name: &str, aid: &Aid, platform: &dyn Platform) -> Option<Box<dyn Module>> {
    match name {
        emrtd::NAME => Some(Box::new(emrtd::EmrtdModule::new(aid.clone()))),
        application::NAME => Some(Box::new(application::ApplicationModule::new(aid.clone()))),
        SECURITY_DOMAIN => None,
        // Names of this crate come first: a platform adds to them and replaces none.
        other => platform.module(other, aid),
    }
}
