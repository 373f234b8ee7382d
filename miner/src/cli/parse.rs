//! Parses words on the command line. Each error says what to write instead.

pub use bittensor_client::parse::{account, bit, hash, Parsed};

use crate::config::{Advertise, Block, Downstreams};
use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive, str::FromStr, time::Duration};

/// The WebSocket address of a node.
pub fn node(text: &str) -> Parsed<String> {
	bittensor_client::check_url(text).map_err(|error| error.to_string())?;
	Ok(text.into())
}

/// A block number or 0x hash.
pub fn block(text: &str) -> Parsed<Block> {
	let block = match text.starts_with("0x") {
		true => hash(text).ok().map(Block::Hash),
		false => text.parse().ok().map(Block::Number),
	};
	block.ok_or_else(|| "write a block's number, or its hash as 0x and 64 hex digits".into())
}

/// `auto`, `none`, or accounts.
pub fn downstreams(text: &str) -> Parsed<Downstreams> {
	match text {
		"auto" => Ok(Downstreams::Auto),
		"none" => Ok(Downstreams::Only(Vec::new())),
		accounts => accounts
			.split(',')
			.map(|word| account(word.trim()))
			.collect::<Parsed<_>>()
			.map(Downstreams::Only)
			.map_err(|error| format!("{error}; or write `auto` or `none`")),
	}
}

/// IP:PORT.
pub fn listen(text: &str) -> Parsed<SocketAddr> {
	text.parse().map_err(|_| "write IP:PORT, for example 127.0.0.1:7000".into())
}

/// HOST or HOST:PORT.
pub fn advertise(text: &str) -> Parsed<Advertise> {
	advertised(text).ok_or_else(|| {
		"write HOST or HOST:PORT, the host of 1 to 253 letters, digits, dots and dashes".into()
	})
}

fn advertised(text: &str) -> Option<Advertise> {
	// [v6]:port, v6, host:port, host.
	let (host, port) = if let Some(rest) = text.strip_prefix('[') {
		let (host, rest) = rest.split_once(']')?;
		let port = match rest {
			"" => None,
			rest => Some(rest.strip_prefix(':')?),
		};
		(host, port)
	} else if text.matches(':').count() > 1 {
		(text, None)
	} else {
		match text.split_once(':') {
			Some((host, port)) => (host, Some(port)),
			None => (text, None),
		}
	};
	let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
	if host.is_empty() || !host.chars().all(allowed) {
		return None;
	}
	let port = match port.map(str::parse::<u16>) {
		None => None,
		Some(Ok(port)) if port > 0 => Some(port),
		Some(_) => return None,
	};
	Some(Advertise { host: host.try_into().ok()?, port })
}

/// A number in a range.
pub fn within<T: FromStr + PartialOrd + Display>(
	range: RangeInclusive<T>,
) -> impl Fn(&str) -> Parsed<T> + Clone
where
	RangeInclusive<T>: Clone,
{
	move |text| match text.parse() {
		Ok(value) if range.contains(&value) => Ok(value),
		_ => Err(format!("it must be a number from {} to {}", range.start(), range.end())),
	}
}

/// A number per second, not negative.
pub fn rate(text: &str) -> Parsed<f64> {
	match text.parse() {
		Ok(rate) if (0.0..=f64::MAX).contains(&rate) => Ok(rate),
		_ => Err("it must be a number that is not negative".into()),
	}
}

/// A learning rate.
pub fn learning_rate(text: &str) -> Parsed<f64> {
	match text.parse() {
		Ok(rate) if rate > 0.0 && rate <= 1.0 => Ok(rate),
		_ => Err("it must be a number above 0, at most 1".into()),
	}
}

/// A part of 1.
pub fn part(text: &str) -> Parsed<f64> {
	match text.parse() {
		Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
		_ => Err("it must be a number from 0 to 1".into()),
	}
}

/// An exploring bid, out of 65,536, from percent of a row.
pub fn exploring(text: &str) -> Parsed<u16> {
	match text.parse::<f64>() {
		Ok(percent) if (0.0..=6.25).contains(&percent) => {
			Ok((percent / 100.0 * f64::from(bittensor_client::SHARE_ONE)).round() as u16)
		}
		_ => Err("it must be a number of percent from 0 to 6.25".into()),
	}
}

/// A whole number of seconds, at least one.
pub fn seconds(text: &str) -> Parsed<Duration> {
	match text.parse() {
		Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
		_ => Err("it must be a whole number of seconds, at least 1".into()),
	}
}

/// A number of milliseconds from 10 to 60,000.
pub fn milliseconds(text: &str) -> Parsed<Duration> {
	within(10..=60_000)(text).map(Duration::from_millis)
}
