//! The address where a component serves.

use alloc::string::String;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// Maximum number of bytes in a host: the longest name that DNS allows.
pub const MAX_HOST_LEN: u32 = 253;

type Bytes = BoundedVec<u8, ConstU32<MAX_HOST_LEN>>;

/// A host name or an IP address, as a string to clients and as bounded bytes to the chain.
///
/// SCALE and metadata are those of `BoundedVec<u8, 253>`. Any bytes decode, so that the pallet can
/// refuse a bad host by name; [`Endpoint::is_valid`] says whether they are a host.
#[derive(
	Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct Host(Bytes);

/// The host has more than [`MAX_HOST_LEN`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostTooLong(pub usize);

impl fmt::Display for HostTooLong {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "the host has {} bytes, at most {MAX_HOST_LEN} are allowed", self.0)
	}
}

impl core::error::Error for HostTooLong {}

impl Host {
	/// The host as text; empty if the bytes are not UTF-8, which no accepted endpoint has.
	pub fn as_str(&self) -> &str {
		core::str::from_utf8(&self.0).unwrap_or_default()
	}

	/// The bytes that the chain stores.
	pub fn as_bytes(&self) -> &[u8] {
		&self.0
	}
}

impl TryFrom<&[u8]> for Host {
	type Error = HostTooLong;

	fn try_from(bytes: &[u8]) -> Result<Self, HostTooLong> {
		bytes.to_vec().try_into().map(Self).map_err(|_| HostTooLong(bytes.len()))
	}
}

impl TryFrom<&str> for Host {
	type Error = HostTooLong;

	fn try_from(host: &str) -> Result<Self, HostTooLong> {
		host.as_bytes().try_into()
	}
}

impl TryFrom<String> for Host {
	type Error = HostTooLong;

	fn try_from(host: String) -> Result<Self, HostTooLong> {
		host.as_str().try_into()
	}
}

impl fmt::Display for Host {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.as_str())
	}
}

impl fmt::Debug for Host {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Debug::fmt(self.as_str(), f)
	}
}

impl TypeInfo for Host {
	type Identity = <Bytes as TypeInfo>::Identity;

	fn type_info() -> scale_info::Type {
		Bytes::type_info()
	}
}

#[cfg(feature = "serde")]
impl serde::Serialize for Host {
	fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(self.as_str())
	}
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Host {
	fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		String::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
	}
}

/// The address where a component answers Spikes and Grads.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "decode", derive(scale_decode::DecodeAsType, scale_encode::EncodeAsType))]
pub struct Endpoint {
	/// Host name or IP address, 1 to 253 characters: letters, digits, `.`, `-`, `_` and `:`.
	pub host: Host,
	/// TCP port, not 0.
	pub port: u16,
	/// SHA-256 of the public key of its TLS certificate, if it speaks TLS.
	#[cfg_attr(feature = "serde", serde(with = "crate::json::hex"))]
	pub tls_spki: Option<[u8; 32]>,
	/// Version of the protocol that it speaks.
	pub protocol: u16,
}

impl Endpoint {
	/// Whether host and port are well-formed.
	pub fn is_valid(&self) -> bool {
		let host = self.host.as_bytes();
		let letter = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':');
		!host.is_empty() && host.iter().all(letter) && self.port != 0
	}
}

/// `host:port`; an IPv6 address is in brackets.
impl fmt::Display for Endpoint {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		if self.host.as_bytes().contains(&b':') {
			write!(f, "[{}]:{}", self.host, self.port)
		} else {
			write!(f, "{}:{}", self.host, self.port)
		}
	}
}

/// Hosts by the metadata of a chain: as a sequence of bytes.
#[cfg(feature = "decode")]
#[allow(unreachable_pub)] // A visitor must be as public as the type that it decodes.
mod by_metadata {
	use super::Host;
	use alloc::vec::Vec;
	use core::marker::PhantomData;
	use scale_decode::{
		error::{Error, ErrorKind},
		visitor::{decode_with_visitor, DecodeAsTypeResult, TypeIdFor},
		IntoVisitor, TypeResolver, Visitor,
	};

	/// Decodes bytes, then checks their number.
	pub struct HostVisitor<R>(PhantomData<R>);

	impl<R: TypeResolver> Visitor for HostVisitor<R> {
		type Value<'scale, 'resolver> = Host;
		type Error = Error;
		type TypeResolver = R;

		fn unchecked_decode_as_type(
			self,
			input: &mut &[u8],
			type_id: TypeIdFor<Self>,
			types: &R,
		) -> DecodeAsTypeResult<Self, Result<Host, Error>> {
			let bytes = decode_with_visitor(input, type_id, types, Vec::<u8>::into_visitor());
			DecodeAsTypeResult::Decoded(bytes.and_then(|bytes| {
				Host::try_from(bytes.as_slice()).map_err(|_| {
					let expected_len = super::MAX_HOST_LEN as usize;
					Error::new(ErrorKind::WrongLength { actual_len: bytes.len(), expected_len })
				})
			}))
		}
	}

	impl IntoVisitor for Host {
		type AnyVisitor<R: TypeResolver> = HostVisitor<R>;

		fn into_visitor<R: TypeResolver>() -> HostVisitor<R> {
			HostVisitor(PhantomData)
		}
	}

	impl scale_encode::EncodeAsType for Host {
		fn encode_as_type_to<R: TypeResolver>(
			&self,
			type_id: R::TypeId,
			types: &R,
			out: &mut Vec<u8>,
		) -> Result<(), scale_encode::Error> {
			self.as_bytes().encode_as_type_to(type_id, types, out)
		}
	}
}
