//! Sealing and opening.

use crate::common::{header, key, GENESIS};
use bittensor_wire::{
	blake2_256,
	limits::{MAX_BODY_BYTES, MAX_ENVELOPE_BYTES},
	open,
	proto::{Method, Sealed},
	seal, Signer, WireError,
};
use proptest::prelude::*;

fn open_as_spike(sealed: Sealed) -> Result<Vec<u8>, WireError> {
	open(sealed, &GENESIS, Method::Spike, &key(2).account()).map(|opened| opened.body)
}

#[test]
fn a_sealed_message_opens_for_its_receiver_only() {
	let header = header();
	let sealed = seal(&key(1), &header, b"body".to_vec());
	let opened = open(sealed.clone(), &GENESIS, Method::Spike, &key(2).account()).expect("genuine");
	assert_eq!((opened.header, opened.body), (header, b"body".to_vec()));

	let elsewhere = open(sealed.clone(), &GENESIS, Method::Spike, &key(3).account());
	assert_eq!(elsewhere, Err(WireError::WrongReceiver));
	let other_chain = open(sealed.clone(), &[8; 32], Method::Spike, &key(2).account());
	assert_eq!(other_chain, Err(WireError::WrongGenesis));
	let other_method = open(sealed, &GENESIS, Method::Grad, &key(2).account());
	assert_eq!(other_method, Err(WireError::WrongMethod));
}

#[test]
fn a_missing_or_foreign_signature_is_named() {
	let mut sealed = seal(&key(1), &header(), b"body".to_vec());
	let genuine = std::mem::take(&mut sealed.signature);
	assert_eq!(open_as_spike(sealed.clone()), Err(WireError::Unsigned));
	sealed.signature = genuine[..63].to_vec();
	assert_eq!(open_as_spike(sealed.clone()), Err(WireError::BadSignature));
	// Signed by somebody else in the sender's name, and in another context.
	sealed.signature =
		key(3).sign(bittensor_wire::keypair::WIRE_CONTEXT, &sealed.envelope).to_vec();
	assert_eq!(open_as_spike(sealed.clone()), Err(WireError::BadSignature));
	sealed.signature = key(1).sign(b"substrate", &sealed.envelope).to_vec();
	assert_eq!(open_as_spike(sealed), Err(WireError::BadSignature));
}

#[test]
fn the_whole_body_is_signed() {
	let mut sealed = seal(&key(1), &header(), b"body".to_vec());
	sealed.body.push(0);
	assert_eq!(open_as_spike(sealed), Err(WireError::BodyHash));
}

#[test]
fn sizes_come_first() {
	let mut sealed = seal(&key(1), &header(), vec![0; MAX_BODY_BYTES]);
	assert!(open_as_spike(sealed.clone()).is_ok());
	sealed.body.push(0);
	let (bytes, limit) = (MAX_BODY_BYTES + 1, MAX_BODY_BYTES);
	assert_eq!(open_as_spike(sealed.clone()), Err(WireError::TooLarge { bytes, limit }));
	sealed.body.clear();
	sealed.envelope.resize(MAX_ENVELOPE_BYTES + 1, 0);
	let (bytes, limit) = (MAX_ENVELOPE_BYTES + 1, MAX_ENVELOPE_BYTES);
	assert_eq!(open_as_spike(sealed), Err(WireError::TooLarge { bytes, limit }));
}

#[test]
fn an_answer_answers_one_request_only() {
	let request = header();
	let answer = request.answer().expect("a Spike has an answer");
	assert_eq!(request.check_answer(&answer), Ok(()));
	// The answer cannot be passed off as a request, nor answered.
	assert_eq!(answer.method, Method::SpikeAnswer);
	assert_eq!(answer.answer(), None);
	let sealed = seal(&key(2), &answer, Vec::new());
	let reflected = open(sealed, &GENESIS, Method::Spike, &key(1).account());
	assert_eq!(reflected, Err(WireError::WrongMethod));

	let other = header();
	assert_eq!(other.check_answer(&answer), Err(WireError::WrongNonce));
	let mut forged = answer.clone();
	forged.from = key(3).account();
	assert_eq!(request.check_answer(&forged), Err(WireError::WrongResponder));
	let mut forged = answer.clone();
	forged.method = Method::GradAnswer;
	assert_eq!(request.check_answer(&forged), Err(WireError::WrongMethod));
	let mut forged = answer;
	forged.genesis = [9; 32];
	assert_eq!(request.check_answer(&forged), Err(WireError::WrongGenesis));
}

#[test]
fn time_left_never_exceeds_what_the_sender_allowed() {
	let mut header = header();
	header.issued_at_ms = 10_000;
	header.deadline_ms = 11_000;
	assert_eq!(header.remaining_ms(10_400), 600);
	assert_eq!(header.remaining_ms(11_400), 0);
	// The sender's clock is two seconds ahead of ours.
	assert_eq!(header.remaining_ms(8_000), 1_000);
	header.deadline_ms = 9_999;
	let sealed = seal(&key(1), &header, Vec::new());
	assert_eq!(open_as_spike(sealed), Err(WireError::Malformed { field: "deadline" }));
}

#[test]
fn blake2_is_substrates() {
	let empty = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
	assert_eq!(hex::encode(blake2_256(b"")), empty);
}

proptest! {
	#[test]
	fn any_changed_bit_is_noticed(at in 0usize..200, bit in 0u8..8) {
		let mut sealed = seal(&key(1), &header(), b"a body of some length".to_vec());
		let envelope = sealed.envelope.len();
		let body = sealed.body.len();
		if at < envelope {
			sealed.envelope[at] ^= 1 << bit;
		} else if at < envelope + body {
			sealed.body[at - envelope] ^= 1 << bit;
		} else {
			let last = sealed.signature.len() - 1;
			sealed.signature[(at - envelope - body).min(last)] ^= 1 << bit;
		}
		prop_assert!(open_as_spike(sealed).is_err());
	}

	#[test]
	fn arbitrary_bytes_never_panic(
		envelope in proptest::collection::vec(any::<u8>(), 0..600),
		body in proptest::collection::vec(any::<u8>(), 0..64),
		signature in proptest::collection::vec(any::<u8>(), 0..80),
	) {
		let sealed = Sealed { envelope, body, signature };
		prop_assert!(open_as_spike(sealed).is_err());
	}
}
