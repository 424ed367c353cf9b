//! The rendered form beside each profile is the one that the profile gives now.

use bitaqa_profile::{BUILTIN, Profile};
use std::path::PathBuf;

#[test]
fn rendered_forms_are_current() {
    for (name, _) in BUILTIN {
        let rendered = Profile::builtin(name).unwrap().render();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../card-profiles/{name}.md"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &rendered).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == rendered,
            "card-profiles/{name}.md is not what the profile renders to: run with UPDATE_EXPECT=1, review the change"
        );
    }
}
