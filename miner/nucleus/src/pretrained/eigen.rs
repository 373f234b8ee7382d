//! Eigenvectors of a symmetric matrix: Householder's reduction to tridiagonal form, then QL steps
//! with implicit shifts (Bowdler et al. 1968). In f64 and in one thread, so that equal matrices give
//! equal bits.

/// A symmetric matrix `[n, n]`, row-major, to its eigenvalues and, row by row, its eigenvectors of
/// length 1; the largest eigenvalue first. The largest entry of each vector is positive.
pub(super) fn eigen(matrix: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
	let mut v = matrix;
	let (mut d, mut e) = (vec![0.0; n], vec![0.0; n]);
	tridiagonalize(&mut v, &mut d, &mut e, n);
	// Columns of v to rows: the rotations below then work on rows that lie in one piece.
	let mut rows = vec![0.0; n * n];
	for i in 0..n {
		for j in 0..n {
			rows[j * n + i] = v[i * n + j];
		}
	}
	diagonalize(&mut rows, &mut d, &mut e, n);
	let mut order: Vec<usize> = (0..n).collect();
	order.sort_by(|a, b| d[*b].total_cmp(&d[*a]));
	let values = order.iter().map(|at| d[*at]).collect();
	let mut vectors = Vec::with_capacity(n * n);
	for at in order {
		let row = &rows[at * n..(at + 1) * n];
		let largest =
			row.iter().fold(0.0_f64, |most, x| if x.abs() > most.abs() { *x } else { most });
		let sign = if largest < 0.0 { -1.0 } else { 1.0 };
		vectors.extend(row.iter().map(|x| sign * x));
	}
	(values, vectors)
}

/// A = Q T Qᵀ: `v` becomes Q (columns), `d` and `e` the diagonal and the one below of T.
fn tridiagonalize(v: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) {
	for i in (1..n).rev() {
		// The reflection that clears row i left of its subdiagonal entry.
		let scale: f64 = (0..i).map(|k| v[i * n + k].abs()).sum();
		let mut h = 0.0;
		if i == 1 || scale == 0.0 {
			e[i] = v[i * n + i - 1];
		} else {
			for k in 0..i {
				v[i * n + k] /= scale;
				h += v[i * n + k] * v[i * n + k];
			}
			let f = v[i * n + i - 1];
			let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
			h -= f * g;
			v[i * n + i - 1] = f - g;
			let (above, row) = v.split_at_mut(i * n);
			let u = &row[..i];
			// p = A u / h, of which the lower triangle of A is stored.
			let p = &mut e[..i];
			p.fill(0.0);
			for j in 0..i {
				let line = &above[j * n..j * n + j + 1];
				let mut sum = line[j] * u[j];
				for k in 0..j {
					p[k] += line[k] * u[j];
					sum += line[k] * u[k];
				}
				p[j] += sum;
			}
			let mut f = 0.0;
			for (p, u) in p.iter_mut().zip(u) {
				*p /= h;
				f += *p * u;
			}
			let half = f / (h + h);
			for (p, u) in p.iter_mut().zip(u) {
				*p -= half * u;
			}
			// A − u pᵀ − p uᵀ.
			for j in 0..i {
				let line = &mut above[j * n..j * n + j + 1];
				for k in 0..=j {
					line[k] -= u[j] * p[k] + p[j] * u[k];
				}
			}
			// Only now: e held p until here.
			e[i] = scale * g;
		}
		d[i] = h;
	}
	d[0] = 0.0;
	e[0] = 0.0;
	// Accumulates the reflections, from the smallest one on.
	for i in 0..n {
		if d[i] != 0.0 {
			let (above, row) = v.split_at_mut(i * n);
			let u: Vec<f64> = row[..i].to_vec();
			let mut g = vec![0.0; i];
			for (k, factor) in u.iter().enumerate() {
				for (g, x) in g.iter_mut().zip(&above[k * n..k * n + i]) {
					*g += factor * x;
				}
			}
			for (k, factor) in u.iter().enumerate() {
				let factor = factor / d[i];
				for (x, g) in above[k * n..k * n + i].iter_mut().zip(&g) {
					*x -= factor * g;
				}
			}
		}
		d[i] = v[i * n + i];
		v[i * n + i] = 1.0;
		for j in 0..i {
			v[i * n + j] = 0.0;
			v[j * n + i] = 0.0;
		}
	}
}

/// QL steps until T is diagonal: `d` becomes the eigenvalues, the rows of `v` the eigenvectors.
fn diagonalize(v: &mut [f64], d: &mut [f64], e: &mut [f64], n: usize) {
	e.rotate_left(1);
	if let Some(last) = e.last_mut() {
		*last = 0.0;
	}
	for l in 0..n {
		// Three steps or so are needed for each value; the bound is for matrices that are not finite.
		for _ in 0..60 {
			let small = |m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs());
			let m = (l..n - 1).find(|m| small(*m)).unwrap_or(n - 1);
			if m == l {
				break;
			}
			let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
			let mut r = g.hypot(1.0);
			g = d[m] - d[l] + e[l] / (g + r.copysign(g));
			let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
			let mut early = false;
			for i in (l..m).rev() {
				let f = s * e[i];
				let b = c * e[i];
				r = f.hypot(g);
				e[i + 1] = r;
				if r == 0.0 {
					d[i + 1] -= p;
					e[m] = 0.0;
					early = true;
					break;
				}
				s = f / r;
				c = g / r;
				g = d[i + 1] - p;
				r = (d[i] - g) * s + 2.0 * c * b;
				p = s * r;
				d[i + 1] = g + p;
				g = c * r - b;
				let (low, high) = v.split_at_mut((i + 1) * n);
				for (x, y) in low[i * n..].iter_mut().zip(&mut high[..n]) {
					let f = *y;
					*y = s * *x + c * f;
					*x = c * *x - s * f;
				}
			}
			if !early {
				d[l] -= p;
				e[l] = g;
				e[m] = 0.0;
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::eigen;

	fn matrix(n: usize) -> Vec<f64> {
		let mut a = vec![0.0; n * n];
		for i in 0..n {
			for j in 0..=i {
				let x = ((i * 31 + j * 17) % 23) as f64 - 11.0;
				(a[i * n + j], a[j * n + i]) = (x, x);
			}
		}
		a
	}

	#[test]
	fn vectors_are_orthonormal_and_scaled_by_their_values() {
		for n in [1, 2, 3, 7, 40] {
			let a = matrix(n);
			let (values, vectors) = eigen(a.clone(), n);
			assert!(values.windows(2).all(|pair| pair[0] >= pair[1]), "{values:?}");
			for i in 0..n {
				let x = &vectors[i * n..(i + 1) * n];
				for row in 0..n {
					let product: f64 = (0..n).map(|k| a[row * n + k] * x[k]).sum();
					assert!((product - values[i] * x[row]).abs() < 1e-9, "{n}: {i}, {row}");
				}
				for j in 0..n {
					let y = &vectors[j * n..(j + 1) * n];
					let product: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
					assert!((product - f64::from(u8::from(i == j))).abs() < 1e-10, "{n}: {i}, {j}");
				}
			}
		}
	}

	#[test]
	fn a_matrix_of_low_rank_and_a_diagonal_one_are_no_exceptions() {
		let n = 5;
		let (values, _) = eigen(vec![1.0; n * n], n);
		assert!((values[0] - 5.0).abs() < 1e-12 && values[1..].iter().all(|x| x.abs() < 1e-12));
		let diagonal: Vec<f64> =
			(0..n * n).map(|at| if at % (n + 1) == 0 { at as f64 } else { 0.0 }).collect();
		assert_eq!(eigen(diagonal, n).0, [24.0, 18.0, 12.0, 6.0, 0.0]);
		assert_eq!(eigen(vec![0.0; n * n], n).0, [0.0; 5]);
	}
}
