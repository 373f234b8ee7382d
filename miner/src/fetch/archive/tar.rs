//! Regular files of a tar.
//!
//! Names may have the 255 bytes of the ustar format; extended headers are passed over.

const BLOCK: usize = 512;

/// Names and bytes of all regular files.
pub(super) fn files(tar: &[u8]) -> Result<Vec<(String, &[u8])>, String> {
	let mut files = Vec::new();
	let mut rest = tar;
	while let Some((header, after)) = rest.split_first_chunk::<BLOCK>() {
		if header.iter().all(|byte| *byte == 0) {
			return Ok(files);
		}
		let size = octal(&header[124..136])?;
		let padded = size.div_ceil(BLOCK).checked_mul(BLOCK);
		let end = padded.filter(|padded| *padded <= after.len());
		let end = end.ok_or_else(|| format!("the tar is cut off in {}", name(header)))?;
		if matches!(header[156], b'0' | 0) {
			files.push((name(header), &after[..size]));
		}
		rest = &after[end..];
	}
	Err("the tar is cut off".into())
}

fn text(field: &[u8]) -> String {
	let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
	String::from_utf8_lossy(&field[..end]).into_owned()
}

/// The name without a leading `./`.
fn name(header: &[u8; BLOCK]) -> String {
	let name = text(&header[..100]);
	let prefix = match &header[257..262] == b"ustar" && header[263] == b'0' {
		true => text(&header[345..500]),
		false => String::new(),
	};
	let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
	name.strip_prefix("./").unwrap_or(&name).to_owned()
}

fn octal(field: &[u8]) -> Result<usize, String> {
	let text = text(field);
	usize::from_str_radix(text.trim(), 8).map_err(|_| format!("the tar has a length of `{text}`"))
}

#[cfg(test)]
mod tests {
	use super::files;
	use std::{fs, process::Command};

	#[test]
	fn the_files_of_the_system_s_tar_are_read() {
		let folder = tempfile::tempdir().expect("a folder");
		let deep = format!("{}/{}", "a".repeat(90), "b".repeat(90));
		fs::create_dir_all(folder.path().join(&deep)).expect("created");
		fs::write(folder.path().join("one.txt"), "x".repeat(513)).expect("written");
		fs::write(folder.path().join(&deep).join("two.txt"), "two").expect("written");
		let mut tar = Command::new("tar");
		tar.args(["--format=ustar", "-cf", "-", "-C"]).arg(folder.path()).arg(".");
		let tar = tar.output().expect("tar is installed").stdout;
		let mut found = files(&tar).expect("a tar");
		found.sort();
		let two = format!("{deep}/two.txt");
		let one = "x".repeat(513);
		assert_eq!(found, [(two, &b"two"[..]), ("one.txt".to_owned(), one.as_bytes())]);
		for end in [0, 100, 512, 1000] {
			files(&tar[..end]).expect_err("it is cut off");
		}
	}
}
