//! Errors survive gRPC with all their fields.

use bittensor_wire::{error::ERROR_METADATA, WireError};
use tonic::{Code, Status};

fn all() -> Vec<WireError> {
	vec![
		WireError::Unsigned,
		WireError::BadSignature,
		WireError::Replayed,
		WireError::Expired { late_ms: 17 },
		WireError::IssuedInFuture { ahead_ms: 18 },
		WireError::BeforeStart,
		WireError::TooManyNonces,
		WireError::WrongReceiver,
		WireError::WrongResponder,
		WireError::WrongGenesis,
		WireError::WrongMethod,
		WireError::WrongNonce,
		WireError::BodyHash,
		WireError::Malformed { field: "message_id" },
		WireError::TooLarge { bytes: 2_000_000, limit: 1_048_576 },
		WireError::NoTexts,
		WireError::TooManyTexts { texts: 300, limit: 256 },
		WireError::TextTooLong { index: 3, bytes: 5_000, limit: 4_096 },
		WireError::EmptyText { index: 4 },
		WireError::Shape { expected: vec![2, 128], got: vec![] },
		WireError::Shape { expected: vec![2, 128], got: vec![7, 1, 9] },
		WireError::DataLength { expected: 1024, got: 1023 },
		WireError::UnknownDType,
		WireError::NotFinite,
		WireError::InvalidPath,
		WireError::UnknownMessage,
		WireError::UnknownCaller,
		WireError::RateLimited { retry_ms: 250 },
		WireError::Busy,
		WireError::DeadlineExceeded,
		WireError::Internal,
		WireError::Other { code: Code::Unavailable.into(), message: "gone".into() },
	]
}

#[test]
fn every_error_survives_the_trip() {
	for error in all() {
		let status = error.to_status();
		assert_ne!(status.code(), Code::Ok, "{error}");
		assert_ne!(status.code(), Code::Unknown, "{error}");
		assert_eq!(WireError::from_status(&status), error);
	}
}

#[test]
fn names_are_unique_and_sentences_are_for_people() {
	let mut names: Vec<_> = all().iter().map(WireError::name).collect();
	names.sort_unstable();
	names.dedup();
	// Shape is in the list twice.
	assert_eq!(names.len(), all().len() - 1);
	for error in all() {
		assert!(error
			.name()
			.chars()
			.all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()));
		assert!(!error.to_string().is_empty());
	}
}

#[test]
fn foreign_and_broken_statuses_are_other() {
	let foreign = Status::unavailable("upstream connect error");
	let expected = WireError::Other {
		code: Code::Unavailable.into(),
		message: "upstream connect error".into(),
	};
	assert_eq!(WireError::from_status(&foreign), expected);
	let long = format!(r#"{{"error":"busy","filler":"{}"}}"#, "x".repeat(2_000));
	for entry in [
		"nonsense",
		"",
		"{}",
		"[]",
		r#""busy""#,
		r#"{"error":"expired"}"#,
		r#"{"error":"expired","late_ms":"x"}"#,
		r#"{"error":"expired","late_ms":-1}"#,
		r#"{"error":"shape","expected":[1],"got":[1,"x"]}"#,
		r#"{"error":"too-large","bytes":1}"#,
		r#"{"error":"too-large","bytes":1,"limit":"#,
		r#"{"error":"other","code":14,"message":"gone"}"#,
		r#"{"error":"nonsense"}"#,
		&long,
	] {
		let mut status = Status::internal("broken");
		status.metadata_mut().insert(ERROR_METADATA, entry.parse().expect("ascii"));
		let expected = WireError::Other { code: Code::Internal.into(), message: "broken".into() };
		assert_eq!(WireError::from_status(&status), expected, "{entry}");
	}
}

#[test]
fn unknown_fields_are_ignored_and_an_unknown_field_name_is_not_repeated() {
	let read = |entry: &str| {
		let mut status = Status::internal("broken");
		status.metadata_mut().insert(ERROR_METADATA, entry.parse().expect("ascii"));
		WireError::from_status(&status)
	};
	assert_eq!(read(r#"{"error":"busy","since":"noon"}"#), WireError::Busy);
	let malformed = read(r#"{"error":"malformed","field":"\n evil"}"#);
	assert_eq!(malformed, WireError::Malformed { field: "body" });
}
