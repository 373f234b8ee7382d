//! Statistics, targets, tables, files.

use bittensor_bench_report::{
	field, fixed, largest, median, number, smallest, table_of, targets, write, Column, Machine,
	Target,
};

#[test]
fn medians_and_extremes() {
	assert_eq!(median([]), None);
	assert_eq!(median([3.0]), Some(3.0));
	assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
	assert_eq!(median([4.0, 1.0, 2.0, 9.0]), Some(3.0));
	assert_eq!((smallest([2.0, 1.0, 5.0]), largest([1.0, 5.0, 2.0])), (Some(1.0), Some(5.0)));
	assert_eq!((smallest([]), largest([])), (None, None));
}

#[test]
fn targets_say_which_bound_is_met() {
	let at_most = |value: f64| {
		Target::at_most("time", [3.0, 1.5], " ms", Some((value, format!("{value} ms (Z)"))))
	};
	let text = targets([
		at_most(1.5),
		at_most(3.0),
		at_most(3.01),
		Target::at_least("ratio", [1.0, 1.0], Some((0.99, "0.99".into()))),
		Target::at_most("error", [1e-6, 5e-8], "", None),
	]);
	let expected = "\
| figure | must     | aim      | measured    |              |
|--------|----------|----------|-------------|--------------|
| time   | ≤ 3 ms   | ≤ 1.5 ms | 1.5 ms (Z)  | aim met      |
| time   | ≤ 3 ms   | ≤ 1.5 ms | 3 ms (Z)    | must met     |
| time   | ≤ 3 ms   | ≤ 1.5 ms | 3.01 ms (Z) | **missed**   |
| ratio  | ≥ 1      | ≥ 1      | 0.99        | **missed**   |
| error  | ≤ 1.0e-6 | ≤ 5.0e-8 | –           | not measured |

";
	assert_eq!(text, expected);
	assert_eq!(targets([]), "");
}

#[test]
fn columns_show_their_part_of_a_row() {
	let columns: [Column<(u32, Option<f64>)>; 2] =
		[("n", |row| row.0.to_string()), ("time", |row| fixed(row.1, 1, " ms"))];
	let text = table_of(&columns, &[(1, Some(2.34)), (20, None)]);
	assert_eq!(text, "| n  | time   |\n|----|--------|\n| 1  | 2.3 ms |\n| 20 | –      |\n\n");
}

#[test]
fn numbers_have_two_or_three_digits() {
	let shown = [0.0, 1.0, 0.5, 1.666, 29.44, 163.7, 0.0321, 1.0e-6].map(number);
	assert_eq!(shown, ["0", "1", "0.5", "1.67", "29.4", "164", "0.032", "1.0e-6"]);
}

#[test]
fn both_files_are_written_into_a_new_folder() -> anyhow::Result<()> {
	let folder = tempfile::tempdir()?;
	let path = folder.path().join("new/report.json");
	for _ in 0..2 {
		write(&path, &[1, 2], "| a |\n")?;
	}
	let read = |name| std::fs::read_to_string(folder.path().join(name));
	assert_eq!(
		(read("new/report.json")?, read("new/report.md")?),
		("[\n  1,\n  2\n]\n".into(), "| a |\n".into())
	);
	assert_eq!(std::fs::read_dir(folder.path().join("new"))?.count(), 2, "nothing else is left");
	Ok(())
}

#[test]
fn this_machine_has_a_processor_and_memory() {
	let machine = Machine::this();
	assert!(machine.cores > 0 && machine.memory_gib > 0.0, "{machine:?}");
	assert_eq!(field("a: 1\nmodel name\t: x y\n", "model name"), Some("x y"));
	assert_eq!(field("VmHWM:\t 9 kB\n", "VmPeak"), None);
}
