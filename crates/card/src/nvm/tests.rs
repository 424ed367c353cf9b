use super::medium::{MemoryMedium, Phase};
use super::*;
use proptest::prelude::*;

const A: CellId = CellId { owner: 1, key: 7 };
const B: CellId = CellId { owner: 1, key: 8 };

fn memory() -> (Nvm, MemoryMedium) {
    let medium = MemoryMedium::default();
    (Nvm::format(Box::new(medium.clone()), 4096).unwrap(), medium)
}

fn content(nvm: &Nvm) -> Vec<(CellId, Vec<u8>)> {
    nvm.cells.iter().map(|(cell, octets)| (*cell, octets.clone())).collect()
}

#[test]
fn a_transaction_is_seen_by_itself_and_by_the_next_power_on_whole_or_not_at_all() {
    let (mut nvm, medium) = memory();
    let stored = |medium: &MemoryMedium| content(&Nvm::load(Box::new(MemoryMedium::with(medium.octets()))).unwrap());
    nvm.put(A, b"old").unwrap();
    nvm.begin().unwrap();
    nvm.put(A, b"new").unwrap();
    nvm.append(A, b"er").unwrap();
    nvm.put(B, b"more").unwrap();
    assert_eq!((nvm.get(A), nvm.get(B)), (Some(&b"newer"[..]), Some(&b"more"[..])));
    assert_eq!(nvm.keys(1).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(stored(&medium), [(A, b"old".to_vec())]);
    nvm.abort();
    assert_eq!((nvm.get(A), nvm.get(B)), (Some(&b"old"[..]), None));
    nvm.begin().unwrap();
    nvm.put(B, b"new").unwrap();
    nvm.remove(A).unwrap();
    assert_eq!((nvm.get(A), nvm.keys(1).collect::<Vec<_>>()), (None, vec![8]));
    nvm.commit().unwrap();
    assert_eq!(stored(&medium), [(B, b"new".to_vec())]);
}

#[test]
fn inner_transactions_join_the_outer_one_and_an_inner_abort_takes_it_along() {
    let (mut nvm, medium) = memory();
    nvm.begin().unwrap();
    nvm.put(A, b"outer").unwrap();
    nvm.transaction(|nvm| nvm.put(B, b"inner")).unwrap();
    assert_eq!(medium.appends(), 0, "an inner commit makes nothing durable");
    nvm.commit().unwrap();
    assert_eq!((nvm.get(A), nvm.get(B), medium.appends()), (Some(&b"outer"[..]), Some(&b"inner"[..]), 1));

    nvm.begin().unwrap();
    nvm.put(A, b"lost").unwrap();
    nvm.begin().unwrap();
    nvm.abort();
    assert!(matches!(nvm.commit(), Err(NvmError::Transaction(TransactionError::Aborted))));
    assert_eq!((nvm.get(A), medium.appends()), (Some(&b"outer"[..]), 1));
    nvm.put(A, b"free again").unwrap();

    for _ in 0..transaction::DEPTH_MAX {
        nvm.begin().unwrap();
    }
    assert!(matches!(nvm.begin(), Err(NvmError::Transaction(TransactionError::TooDeep))));
}

#[test]
fn the_commit_buffer_has_an_end_and_the_memory_stays_as_it_was() {
    let medium = MemoryMedium::default();
    let mut nvm = Nvm::format(Box::new(medium.clone()), 1 << 20).unwrap();
    let result: Result<(), NvmError> = nvm.transaction(|nvm| {
        nvm.put(A, &vec![1; transaction::COMMIT_LIMIT - CELL_OVERHEAD])?;
        nvm.put(B, &[])
    });
    let octets = transaction::COMMIT_LIMIT + CELL_OVERHEAD;
    assert!(matches!(result, Err(NvmError::Transaction(TransactionError::CommitLimit { octets: n })) if n == octets));
    assert_eq!((nvm.get(A), medium.appends()), (None, 0));
}

#[test]
fn what_is_written_past_a_transaction_does_not_come_back_with_its_abort() {
    let (mut nvm, _) = memory();
    nvm.put(A, &[3]).unwrap();
    nvm.begin().unwrap();
    nvm.put(A, &[3]).unwrap();
    nvm.put(B, b"kept back").unwrap();
    nvm.put_through(A, &[2]).unwrap();
    assert_eq!(nvm.get(A), Some(&[2][..]));
    nvm.abort();
    assert_eq!((nvm.get(A), nvm.get(B)), (Some(&[2][..]), None));
}

#[test]
fn a_quota_binds_its_owner_alone() {
    let (mut nvm, _) = memory();
    let other = CellId { owner: 2, key: 1 };
    nvm.put(A, &[0; 100]).unwrap();
    nvm.set_quotas(vec![Quota { owners: vec![1, 3], octets: 200 }]);
    let error = nvm.append(A, &[0; 85]).unwrap_err();
    assert!(matches!(error, NvmError::Quota { owner: 1, needed: 85, free: 84 }), "{error}");
    nvm.append(A, &[0; 84]).unwrap();
    nvm.put(other, &[0; 1000]).unwrap();
    assert!(nvm.put(B, &[]).is_err());
    assert!(nvm.put(CellId { owner: 3, key: 1 }, &[]).is_err(), "owner 3 shares it");
    nvm.set_quotas(Vec::new());
    nvm.put(B, &[]).unwrap();
    nvm.remove(A).unwrap();
    assert_eq!(nvm.usage().0, CELL_OVERHEAD + CELL_OVERHEAD + 1000);
}

#[test]
fn wear_is_counted_over_power_cycles_and_compaction() {
    let (mut nvm, medium) = memory();
    for _ in 0..5 {
        nvm.put(A, b"x").unwrap();
    }
    nvm.put(B, b"y").unwrap();
    nvm.remove(B).unwrap();
    nvm.compact().unwrap();
    nvm.put(A, b"z").unwrap();
    let nvm = Nvm::load(Box::new(medium)).unwrap();
    assert_eq!((nvm.wear(A), nvm.wear(B)), (6, 2));
    assert_eq!(nvm.most_worn(), Some((A, 6)));
}

#[test]
fn a_snapshot_brings_everything_back_and_a_damaged_one_nothing() {
    let (mut nvm, medium) = memory();
    nvm.put(A, b"then").unwrap();
    let snapshot = nvm.snapshot();
    nvm.put(A, b"now").unwrap();
    nvm.put(B, b"new").unwrap();
    let mut damaged = snapshot.to_vec();
    let at = damaged.windows(4).position(|window| window == b"then").unwrap();
    damaged[at] ^= 1;
    for wrong in [&damaged[..], &snapshot[..snapshot.len() - 1], b"no image"] {
        assert!(nvm.restore(wrong).is_err());
        assert_eq!(nvm.get(A), Some(&b"now"[..]));
    }
    nvm.restore(&snapshot).unwrap();
    assert_eq!((content(&nvm), nvm.wear(A)), (vec![(A, b"then".to_vec())], 1));
    assert_eq!(content(&Nvm::load(Box::new(medium)).unwrap()), content(&nvm));
    assert_eq!(nvm.usage().0, 4 + CELL_OVERHEAD);
}

/// Header, a frame with cell 1.0007 = `old`, the closing frame; written out by hand from the format of version 1.
const VERSION_1: &str = "4254512D434152440001000010003E08F6180000000BFFFFFFF400010007000000036F6C64EE\
                         C37AFA00000000FFFFFFFFBB99FF8A";

#[test]
fn an_image_of_version_1_is_read_and_becomes_version_2_when_the_card_is_put_away() {
    let octets = (0..VERSION_1.len()).step_by(2).map(|at| u8::from_str_radix(&VERSION_1[at..at + 2], 16).unwrap());
    let octets: Vec<u8> = octets.collect();
    let medium = MemoryMedium::with(octets);
    let mut nvm = Nvm::load(Box::new(medium.clone())).unwrap();
    assert_eq!(nvm.get(A), Some(&b"old"[..]));
    nvm.compact().unwrap();
    assert_eq!(medium.octets()[8..10], [0, 2]);
    assert_eq!(Nvm::load(Box::new(medium)).unwrap().get(A), Some(&b"old"[..]));
}

#[test]
fn a_full_memory_refuses_and_stays_as_it_was() {
    let (mut nvm, _) = memory();
    nvm.put(A, &[0; 4000]).unwrap();
    assert!(matches!(nvm.append(A, &[0; 200]), Err(NvmError::Full { needed: 200, free: 80 })));
    assert_eq!(nvm.get(A).unwrap().len(), 4000);
    nvm.remove(A).unwrap();
    nvm.put(B, &[0; 4000]).unwrap();
}

#[test]
fn compaction_keeps_the_content_and_a_flipped_octet_is_kept_and_reported() {
    let (mut nvm, medium) = memory();
    nvm.put(A, b"first").unwrap();
    nvm.append(A, b" and more").unwrap();
    nvm.put(B, b"second cell").unwrap();
    nvm.compact().unwrap();
    let before = content(&nvm);
    let mut octets = medium.octets();
    let at = octets.windows(6).position(|w| w == b"second").unwrap();
    octets[at] ^= 1;
    assert_eq!(content(&Nvm::load(Box::new(medium)).unwrap()), before);
    let medium = MemoryMedium::with(octets.clone());
    let mut damaged = Nvm::load(Box::new(medium.clone())).unwrap();
    assert_eq!(damaged.damaged(), [B]);
    assert_eq!(damaged.get(B).unwrap(), b"recond cell");
    damaged.compact().unwrap();
    assert_eq!(medium.octets(), octets, "the damage must stay visible");
}

fn any_write() -> impl Strategy<Value = Write> {
    let cell = (0u8..3, 0u16..4).prop_map(|(owner, key)| CellId { owner, key });
    let octets = proptest::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        (cell.clone(), octets.clone()).prop_map(|(cell, octets)| Write::Put(cell, octets)),
        (cell.clone(), octets).prop_map(|(cell, octets)| Write::Append(cell, octets)),
        cell.prop_map(Write::Remove),
    ]
}

/// What a test does with the memory.
#[derive(Clone, Debug)]
enum Step {
    Write(Write),
    Through(CellId, Vec<u8>),
    Begin,
    Commit,
    Abort,
}

fn any_step() -> impl Strategy<Value = Step> {
    let through = ((0u8..3, 0u16..4), proptest::collection::vec(any::<u8>(), 0..8));
    prop_oneof![
        4 => any_write().prop_map(Step::Write),
        1 => through.prop_map(|((owner, key), octets)| Step::Through(CellId { owner, key }, octets)),
        2 => Just(Step::Begin),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
    ]
}

/// The memory as two maps, what is stored and what the open transaction sees; the levels tell whether one was aborted.
#[derive(Default)]
struct Model {
    stored: BTreeMap<CellId, Vec<u8>>,
    seen: BTreeMap<CellId, Vec<u8>>,
    depth: usize,
    doomed: bool,
}

impl Model {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Write(write) => image::apply(&mut self.seen, write.clone()),
            Step::Through(cell, octets) => {
                self.stored.insert(*cell, octets.clone());
                self.seen.insert(*cell, octets.clone());
            }
            Step::Begin => self.depth += 1,
            Step::Commit | Step::Abort => {
                self.doomed |= matches!(step, Step::Abort) && self.depth > 0;
                self.depth = self.depth.saturating_sub(1);
            }
        }
        if self.depth == 0 {
            if core::mem::take(&mut self.doomed) {
                self.seen = self.stored.clone();
            }
            self.stored = self.seen.clone();
        }
    }
}

proptest! {
    /// The model is a map without any medium: after a cut at write n, in any phase, the memory that comes back is
    /// the model before or after that write.
    #[test]
    fn a_tear_leaves_the_state_before_or_after(
        groups in proptest::collection::vec(proptest::collection::vec(any_write(), 1..4), 1..8),
        cut in 0usize..8, phase in prop_oneof![Just(Phase::Before), Just(Phase::Torn), Just(Phase::After)],
    ) {
        let medium = MemoryMedium::default();
        let mut nvm = Nvm::format(Box::new(medium.clone()), 1 << 20).unwrap();
        medium.cut_at(cut, phase);
        let mut model = vec![BTreeMap::new()];
        for group in &groups {
            let mut next = model.last().unwrap().clone();
            group.iter().cloned().for_each(|write| image::apply(&mut next, write));
            model.push(next);
            nvm.begin().unwrap();
            group.iter().cloned().for_each(|write| nvm.write(write).unwrap());
            if nvm.commit().is_err() {
                break;
            }
        }
        let survived = Nvm::load(Box::new(MemoryMedium::with(medium.octets()))).unwrap();
        let done = cut.min(groups.len());
        let after = if cut < groups.len() { cut + 1 } else { done };
        let state = survived.cells.clone();
        prop_assert_eq!(&state, &model[if phase == Phase::After { after } else { done }]);
    }

    /// Reads agree with the model after every step, and a power-on anywhere finds what the model has stored.
    #[test]
    fn transactions_follow_the_model(steps in proptest::collection::vec(any_step(), 1..40)) {
        let medium = MemoryMedium::default();
        let mut nvm = Nvm::format(Box::new(medium.clone()), 1 << 20).unwrap();
        let mut model = Model::default();
        for step in &steps {
            match step {
                Step::Begin if model.depth == usize::from(transaction::DEPTH_MAX) => continue,
                Step::Begin => nvm.begin().unwrap(),
                Step::Commit => drop(nvm.commit()),
                Step::Abort => nvm.abort(),
                Step::Write(write) => nvm.write(write.clone()).unwrap(),
                Step::Through(cell, octets) => nvm.put_through(*cell, octets).unwrap(),
            }
            model.step(step);
            for cell in (0..3).flat_map(|owner| (0..4).map(move |key| CellId { owner, key })) {
                prop_assert_eq!(nvm.get(cell), model.seen.get(&cell).map(Vec::as_slice));
            }
            let keys: Vec<u16> = model.seen.keys().filter(|cell| cell.owner == 1).map(|cell| cell.key).collect();
            prop_assert_eq!(nvm.keys(1).collect::<Vec<_>>(), keys);
            let stored = Nvm::load(Box::new(MemoryMedium::with(medium.octets()))).unwrap();
            prop_assert_eq!(&stored.cells, &model.stored);
            let used = nvm.used.iter().filter(|(_, octets)| **octets > 0).map(|(owner, octets)| (*owner, *octets));
            let used: BTreeMap<_, _> = used.collect();
            prop_assert_eq!(&stored.used, &used);
        }
    }
}
