//! The four bodies.

use bittensor_wire::{
	limits::{is_word, MAX_PATH, MAX_TEXTS, MAX_TEXT_BYTES, MAX_WORD_BYTES},
	message::{digest, Hop},
	proto::{self, DType, GradReason, HopStatus},
	Grad, GradAnswer, Spike, SpikeAnswer, Vectors, WireError, DIM,
};
use proptest::prelude::*;
use prost::Message as _;

const ROOT: [u8; 32] = [1; 32];

fn spike(texts: &[&str]) -> Spike {
	Spike::new(ROOT, 2, texts.iter().map(|text| text.to_string()).collect()).expect("good texts")
}

fn vectors(rows: usize) -> Vectors {
	Vectors::new(rows, vec![0.25; rows * DIM]).expect("finite")
}

#[test]
fn a_spike_comes_through() {
	let mut spike = spike(&["one", "two"]);
	spike.dtype = DType::Bf16;
	assert_eq!(Spike::decode(&spike.encode(), &ROOT), Ok(spike.clone()));
	let onward = spike.onward([2; 32]).expect("has hops left");
	assert_eq!((onward.path.as_slice(), onward.ttl), ([ROOT, [2; 32]].as_slice(), 1));
	assert_eq!(onward.digest(), spike.digest());
	assert_eq!(Spike::decode(&onward.encode(), &[2; 32]), Ok(onward));
	// Two messages of the same texts are two messages.
	assert_ne!(Spike::new(ROOT, 2, spike.texts.to_vec()).expect("good").id, spike.id);
}

#[test]
fn a_message_ends_with_its_ttl_at_a_cycle_and_at_the_longest_path() {
	let first = spike(&["x"]);
	assert!(first.onward(ROOT).is_none());
	let second = first.onward([2; 32]).expect("one of two hops");
	let third = second.onward([3; 32]).expect("two of two hops");
	assert!(third.onward([4; 32]).is_none());
	let mut long = first;
	long.ttl = 1_000;
	let mut hops: u8 = 1;
	while let Some(next) = long.onward([hops + 1; 32]) {
		long = next;
		hops += 1;
	}
	assert_eq!(long.path.len(), MAX_PATH);
	let grad = long.grad(vectors(1));
	assert!(grad.onward([99; 32], vectors(1)).is_none());
}

#[test]
fn texts_are_checked_on_both_sides() {
	let check = |texts: Vec<String>| {
		let ours = Spike::new(ROOT, 0, texts.clone()).err();
		let mut theirs = spike(&["x"]);
		theirs.texts = texts.into();
		assert_eq!(Spike::decode(&theirs.encode(), &ROOT).err(), ours);
		ours
	};
	assert_eq!(check(vec![]), Some(WireError::NoTexts));
	assert_eq!(check(vec!["x".into(), String::new()]), Some(WireError::EmptyText { index: 1 }));
	assert_eq!(check(vec![" \n".into()]), Some(WireError::EmptyText { index: 0 }));
	assert_eq!(check(vec!["x".repeat(MAX_TEXT_BYTES)]), None);
	let (index, bytes, limit) = (0, 1_000_000, MAX_TEXT_BYTES);
	let error = WireError::TextTooLong { index, bytes, limit };
	assert_eq!(check(vec!["x".repeat(1_000_000)]), Some(error));
	assert_eq!(check(vec!["x".into(); MAX_TEXTS]), None);
	let (texts, limit) = (MAX_TEXTS + 1, MAX_TEXTS);
	assert_eq!(check(vec!["x".into(); texts]), Some(WireError::TooManyTexts { texts, limit }));
}

#[test]
fn a_path_runs_from_the_root_to_the_sender() {
	let sender = [2; 32];
	for (path, good) in [
		(vec![ROOT, sender], true),
		(vec![ROOT, [3; 32], sender], true),
		(vec![], false),
		(vec![sender], false),
		(vec![ROOT], false),
		(vec![ROOT, sender, ROOT, sender], false),
		(vec![ROOT, [3; 32], [3; 32], sender], false),
		(vec![sender, ROOT], false),
	] {
		let mut spike = spike(&["x"]);
		spike.path = path.clone();
		let mut grad = spike.grad(vectors(1));
		grad.path = path.clone();
		let body = grad.encode(DType::F32).expect("fits");
		let expected = if good { None } else { Some(WireError::InvalidPath) };
		assert_eq!(Spike::decode(&spike.encode(), &sender).err(), expected, "{path:?}");
		assert_eq!(Grad::decode(&body, &sender).err(), expected, "{path:?}");
	}
	let mut long = spike(&["x"]);
	long.path = (0..=MAX_PATH as u8).map(|number| [number + 1; 32]).collect();
	let sender = [MAX_PATH as u8 + 1; 32];
	assert_eq!(Spike::decode(&long.encode(), &sender).err(), Some(WireError::InvalidPath));
}

#[test]
fn texts_cannot_be_shifted_between_each_other() {
	let digests = [
		digest(&["ab", "c"]),
		digest(&["a", "bc"]),
		digest(&["abc"]),
		digest(&["abc", ""]),
		digest::<&str>(&[]),
	];
	for (at, one) in digests.iter().enumerate() {
		assert!(!digests[..at].contains(one));
	}
}

#[test]
fn a_grad_comes_through_and_names_its_spike() {
	let spike = spike(&["one", "two"]);
	let grad = spike.grad(vectors(2));
	assert_eq!((grad.root, grad.id, grad.ttl), (spike.root, spike.id, spike.ttl));
	assert_eq!(grad.digest, digest(&["one", "two"]));
	let body = grad.encode(DType::F32).expect("fits");
	assert_eq!(Grad::decode(&body, &ROOT), Ok(grad.clone()));
	let onward = grad.onward([2; 32], vectors(2)).expect("has hops left");
	assert_eq!((onward.path.as_slice(), onward.ttl), ([ROOT, [2; 32]].as_slice(), 1));

	let mut request = proto::GradRequest::decode(body.as_slice()).expect("as encoded");
	request.error = None;
	let missing = Grad::decode(&request.encode_to_vec(), &ROOT);
	assert_eq!(missing, Err(WireError::Malformed { field: "tensor" }));
}

#[test]
fn a_spikes_answer_has_one_row_per_text() {
	let hop =
		Hop { account: [2; 32], caller: ROOT, uid: 4, micros: 1_234, status: HopStatus::Suspended };
	let answer = SpikeAnswer { output: Some(vectors(2)), version: 9, hops: vec![hop] };
	let body = answer.encode(DType::Bf16).expect("fits");
	assert_eq!(SpikeAnswer::decode(&body, 2), Ok(answer));
	let (expected, got) = (vec![3, 128], vec![2, 128]);
	assert_eq!(SpikeAnswer::decode(&body, 3), Err(WireError::Shape { expected, got }));

	let cut = SpikeAnswer::cut(5);
	assert_eq!(SpikeAnswer::decode(&cut.encode(DType::F32).expect("fits"), 2), Ok(cut));
	// OK without vectors, and no status at all.
	let mut answer = proto::SpikeResponse { status: 1, ..Default::default() };
	let (expected, got) = (vec![2, 128], vec![]);
	let missing = SpikeAnswer::decode(&answer.encode_to_vec(), 2);
	assert_eq!(missing, Err(WireError::Shape { expected, got }));
	answer.status = 0;
	let unset = SpikeAnswer::decode(&answer.encode_to_vec(), 2);
	assert_eq!(unset, Err(WireError::Malformed { field: "body" }));
}

#[test]
fn a_word_is_short_and_has_no_white_space() {
	for (text, word) in [("whale", true), ("[UNK]", true), ("don't", true), ("a whale", false)] {
		assert_eq!(is_word(text), word, "{text}");
	}
	assert!(is_word(&"x".repeat(MAX_WORD_BYTES)));
	assert!(!is_word(&"x".repeat(MAX_WORD_BYTES + 1)));
	assert!(!is_word("a\u{3000}whale"), "any white space");
}

#[test]
fn a_grads_answer_is_consistent() {
	let reasons: Vec<GradReason> =
		(1..).map_while(|number| GradReason::try_from(number).ok()).collect();
	assert_eq!(reasons.len(), 13);
	for reason in reasons {
		let answer = GradAnswer { weight: 0.5, reason };
		assert_eq!(answer.name().to_uppercase().replace('-', "_"), reason.as_str_name()[12..]);
		assert_eq!(answer.accepted(), reason == GradReason::Accepted);
		assert_eq!(GradAnswer::decode(&answer.encode()), Ok(answer));
	}
	let lie = proto::GradResponse { accepted: true, weight: 1.0, reason: 2 };
	assert!(GradAnswer::decode(&lie.encode_to_vec()).is_err());
	for weight in [f64::NAN, f64::INFINITY, -1.0] {
		let bad = proto::GradResponse { accepted: true, weight, reason: 1 };
		assert_eq!(GradAnswer::decode(&bad.encode_to_vec()), Err(WireError::NotFinite));
	}
}

proptest! {
	#[test]
	fn arbitrary_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
		let _ = Spike::decode(&body, &ROOT);
		let _ = Grad::decode(&body, &ROOT);
		let _ = SpikeAnswer::decode(&body, 2);
		let _ = GradAnswer::decode(&body);
	}
}
