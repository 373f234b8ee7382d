//! JSON forms that serde does not provide.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A `u64` as a decimal string: JSON numbers are exact up to 2^53 only.
pub(crate) mod amount {
	use super::*;
	use alloc::string::String;

	pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(value)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
		String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
	}
}

/// 32 bytes as `0x` and 64 hexadecimal digits, or null.
pub(crate) mod hex {
	use super::*;
	use impl_serde::serialize::{self, ExpectedLen};

	struct Hex([u8; 32]);

	impl Serialize for Hex {
		fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
			serialize::serialize(&self.0, serializer)
		}
	}

	impl<'de> Deserialize<'de> for Hex {
		fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
			let mut bytes = [0; 32];
			serialize::deserialize_check_len(deserializer, ExpectedLen::Exact(&mut bytes))?;
			Ok(Self(bytes))
		}
	}

	pub(crate) fn serialize<S: Serializer>(
		value: &Option<[u8; 32]>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		value.map(Hex).serialize(serializer)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<[u8; 32]>, D::Error> {
		Ok(Option::<Hex>::deserialize(deserializer)?.map(|hex| hex.0))
	}
}
