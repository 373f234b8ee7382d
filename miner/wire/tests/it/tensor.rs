//! Vectors survive the wire within the error of their type, and nothing else gets through.

use bittensor_wire::{
	limits::MAX_TEXTS,
	proto::{DType, Tensor},
	Vectors, WireError, DIM,
};
use proptest::prelude::*;

fn vectors(value: f32) -> Vectors {
	Vectors::new(2, vec![value; 2 * DIM]).expect("finite")
}

#[test]
fn the_encoding_is_raw_little_endian() {
	let tensor = vectors(1.0).encode(DType::F32).expect("fits");
	assert_eq!(tensor.shape, vec![2, 128]);
	assert_eq!(tensor.data.len(), 2 * DIM * 4);
	assert_eq!(tensor.data[..4], [0, 0, 0x80, 0x3f]);
	assert_eq!(vectors(1.0).encode(DType::Bf16).expect("fits").data[..2], [0x80, 0x3f]);
	assert_eq!(vectors(1.0).encode(DType::F16).expect("fits").data[..2], [0, 0x3c]);
	assert_eq!(vectors(1.0).encode(DType::Unspecified).expect("fits").dtype, 1);
}

#[test]
fn wrong_shapes_are_named() {
	let good = vectors(1.0).encode(DType::F32).expect("fits");
	for shape in [vec![], vec![2], vec![1, 128], vec![3, 128], vec![2, 127], vec![2, 128, 1]] {
		let tensor = Tensor { shape: shape.clone(), ..good.clone() };
		let expected = vec![2, 128];
		assert_eq!(Vectors::decode(&tensor, 2), Err(WireError::Shape { expected, got: shape }));
	}
	let huge = Tensor { shape: vec![u32::MAX, 128], ..good.clone() };
	assert!(matches!(Vectors::decode_any(&huge), Err(WireError::Shape { .. })));
	let none = Tensor { shape: vec![0, 128], data: Vec::new(), ..good };
	assert!(matches!(Vectors::decode_any(&none), Err(WireError::Shape { .. })));
	assert!(matches!(Vectors::decode(&none, 0), Err(WireError::Shape { .. })));
	let short = Tensor { data: good.data[..good.data.len() - 1].to_vec(), ..good.clone() };
	let (expected, got) = (1024, 1023);
	assert_eq!(Vectors::decode(&short, 2), Err(WireError::DataLength { expected, got }));
	let typeless = Tensor { dtype: 0, ..good.clone() };
	assert_eq!(Vectors::decode(&typeless, 2), Err(WireError::UnknownDType));
	let unknown = Tensor { dtype: 77, ..good };
	assert_eq!(Vectors::decode(&unknown, 2), Err(WireError::UnknownDType));
	assert!(matches!(Vectors::new(0, Vec::new()), Err(WireError::Shape { .. })));
	assert!(matches!(Vectors::new(1, vec![0.0; DIM - 1]), Err(WireError::Shape { .. })));
	let rows = MAX_TEXTS + 1;
	assert!(matches!(Vectors::new(rows, vec![0.0; rows * DIM]), Err(WireError::Shape { .. })));
}

#[test]
fn no_value_that_is_not_finite_is_encoded_or_decoded() {
	for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
		let mut values = vec![0.0; DIM];
		values[77] = value;
		assert_eq!(Vectors::new(1, values), Err(WireError::NotFinite));
		let mut tensor =
			Vectors::new(1, vec![0.0; DIM]).expect("finite").encode(DType::F32).expect("fits");
		tensor.data[77 * 4..78 * 4].copy_from_slice(&value.to_le_bytes());
		assert_eq!(Vectors::decode(&tensor, 1), Err(WireError::NotFinite));
	}
	// NaN in each of the short types.
	for (dtype, bytes) in [(DType::Bf16, [0xc0, 0x7f]), (DType::F16, [0x00, 0x7e])] {
		let mut tensor = vectors(0.0).encode(dtype).expect("fits");
		tensor.data[..2].copy_from_slice(&bytes);
		assert_eq!(Vectors::decode(&tensor, 2), Err(WireError::NotFinite));
	}
	// Too large for the type: an error, not an infinity.
	assert_eq!(vectors(70_000.0).encode(DType::F16), Err(WireError::NotFinite));
	assert_eq!(vectors(f32::MAX).encode(DType::Bf16), Err(WireError::NotFinite));
	assert!(vectors(f32::MAX).encode(DType::F32).is_ok());
}

#[test]
fn rows_are_texts() {
	let values: Vec<f32> = (0..3 * DIM).map(|at| at as f32).collect();
	let vectors = Vectors::new(3, values.clone()).expect("finite");
	assert_eq!(vectors.rows(), 3);
	assert_eq!(vectors.row(1), Some(&values[DIM..2 * DIM]));
	assert_eq!(vectors.row(3), None);
	assert_eq!(vectors.into_values(), values);
}

/// Values of all magnitudes, and a few of the awkward ones.
fn value() -> impl Strategy<Value = f32> {
	prop_oneof![
		8 => -10.0f32..10.0,
		4 => proptest::num::f32::NORMAL.prop_filter("fits f16", |value| value.abs() < 65_000.0),
		1 => proptest::num::f32::SUBNORMAL,
		1 => Just(0.0f32),
	]
}

proptest! {
	#[test]
	fn a_round_trip_stays_within_the_error_of_its_type(
		values in proptest::collection::vec(value(), DIM),
	) {
		let vectors = Vectors::new(1, values.clone()).expect("finite");
		for dtype in [DType::F32, DType::Bf16, DType::F16] {
			let tensor = vectors.encode(dtype).expect("fits");
			let back = Vectors::decode(&tensor, 1).expect("what was encoded decodes");
			for (before, after) in values.iter().zip(back.values()) {
				let error = (f64::from(*before) - f64::from(*after)).abs();
				let bound = match dtype {
					DType::Bf16 => f64::from(before.abs()) * 2f64.powi(-8) + 2f64.powi(-134),
					DType::F16 => f64::from(before.abs()) * 2f64.powi(-11) + 2f64.powi(-25),
					_ => 0.0,
				};
				prop_assert!(error <= bound, "{dtype:?}: {before} became {after}");
			}
			// A second trip changes nothing.
			prop_assert_eq!(Vectors::decode(&back.encode(dtype).expect("fits"), 1), Ok(back));
		}
	}

	#[test]
	fn arbitrary_tensors_never_panic(
		dtype in -1i32..6,
		shape in proptest::collection::vec(prop_oneof![Just(128u32), Just(1u32), any::<u32>()], 0..4),
		data in proptest::collection::vec(any::<u8>(), 0..1200),
	) {
		let tensor = Tensor { dtype, shape, data };
		if let Ok(vectors) = Vectors::decode_any(&tensor) {
			prop_assert!(vectors.values().iter().all(|value| value.is_finite()));
		}
	}
}
