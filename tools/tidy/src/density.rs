//! Share of comments, room by room.

use std::collections::BTreeMap;

use crate::{Finding, Source};

/// Per cent below which a room of some size fails; the aim is 12 to 20.
pub const SHARE_MIN: usize = 8;
/// Non-blank lines from which on the share counts.
pub const LINES_MIN: usize = 300;

/// One room's count over its `src`, tests included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Lines that are not blank.
    pub lines: usize,
    /// Lines of nothing but comment.
    pub comments: usize,
}

impl Share {
    /// Comments in per cent, rounded down.
    pub const fn per_cent(self) -> usize {
        match (self.comments * 100).checked_div(self.lines) {
            Some(share) => share,
            None => 0,
        }
    }
}

/// Counts per folder `crates/<room>` or `tools/<tool>`.
pub fn count(sources: &[Source]) -> BTreeMap<String, Share> {
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    for source in sources {
        let Some((folder, _)) = source.path.split_once("/src/") else { continue };
        let (lines, comments) = source.comment_share();
        let share = shares.entry(folder.to_owned()).or_default();
        share.lines += lines;
        share.comments += comments;
    }
    shares
}

/// Findings for rooms that leave their reader alone.
pub fn check(shares: &BTreeMap<String, Share>) -> Vec<Finding> {
    let poor = shares.iter().filter(|(_, share)| share.lines > LINES_MIN && share.per_cent() < SHARE_MIN);
    let detail = |share: &Share| format!("{} % comment, at least {SHARE_MIN}: say why", share.per_cent());
    poor.map(|(folder, share)| Finding::new(folder, 1, "comments", detail(share))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_room_without_comments_is_found() {
        let room = |comments: usize, lines: usize| {
            let text = "// why\n".repeat(comments) + &"f();\n\n".repeat(lines - comments);
            check(&count(&[Source::new("crates/x/src/a.rs", &text)])).len()
        };
        assert_eq!(room(0, LINES_MIN), 0);
        assert_eq!(room(0, LINES_MIN + 1), 1);
        assert_eq!(room(31, 400), 1);
        assert_eq!(room(32, 400), 0);
    }
}
