//! The little linear algebra that the models here need: symmetric positive definite systems.

/// A dense matrix by rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub n: usize,
    pub cells: Vec<f64>,
}

impl Matrix {
    pub fn zeros(n: usize) -> Self {
        Self { n, cells: vec![0.0; n * n] }
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.n + column]
    }

    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.n + column] += value;
    }

    /// Adds `weight` · v vᵀ for a vector given by its entries that are not zero.
    pub fn add_outer(&mut self, entries: &[(usize, f64)], weight: f64) {
        for (i, a) in entries {
            for (j, b) in entries {
                self.add(*i, *j, weight * a * b);
            }
        }
    }

    /// The lower Cholesky factor; `None` when the matrix is not positive definite.
    pub fn cholesky(&self) -> Option<Self> {
        let n = self.n;
        let mut lower = Self::zeros(n);
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower.at(i, k) * lower.at(j, k)).sum();
                let rest = self.at(i, j) - dot;
                let value = if i == j { rest.sqrt() } else { rest / lower.at(j, j) };
                if !value.is_finite() || i == j && rest <= 1e-14 * self.at(i, i).abs() {
                    return None;
                }
                lower.add(i, j, value);
            }
        }
        Some(lower)
    }

    /// Solves A x = b, for A given as its lower Cholesky factor `self`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut x = b.to_vec();
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| self.at(i, k) * x[k]).sum();
            x[i] = (x[i] - dot) / self.at(i, i);
        }
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| self.at(k, i) * x[k]).sum();
            x[i] = (x[i] - dot) / self.at(i, i);
        }
        x
    }

    /// The inverse of A, for A given as its lower Cholesky factor `self`.
    pub fn inverse(&self) -> Self {
        let n = self.n;
        let mut inverse = Self::zeros(n);
        for column in 0..n {
            let mut unit = vec![0.0; n];
            unit[column] = 1.0;
            for (row, value) in self.solve(&unit).into_iter().enumerate() {
                inverse.add(row, column, value);
            }
        }
        inverse
    }

    pub fn times(&self, other: &Self) -> Self {
        let n = self.n;
        let mut product = Self::zeros(n);
        for i in 0..n {
            for k in 0..n {
                let a = self.at(i, k);
                for j in 0..n {
                    product.cells[i * n + j] += a * other.at(k, j);
                }
            }
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let a = Matrix { n: 3, cells: vec![4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0] };
        let product = a.times(&a.cholesky().unwrap().inverse());
        for i in 0..3 {
            for j in 0..3 {
                assert!((product.at(i, j) - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
        assert_eq!(Matrix { n: 2, cells: vec![1.0, 1.0, 1.0, 1.0] }.cholesky(), None);
    }
}
