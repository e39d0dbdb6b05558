//! Raters.

use crate::support::{Folder, ask};

#[test]
fn krippendorffs_own_example_has_the_published_alpha() {
    let folder = Folder::new();
    let file = folder.write(
        "ratings.csv",
        "unit,a,b,c,d\n1,1,1,,1\n2,2,2,3,2\n3,3,3,3,3\n4,3,3,3,3\n5,2,2,2,2\n6,1,2,3,4\n7,4,4,4,4\n8,1,1,2,1\n9,2,2,2,2\n10,,5,5,5\n11,,,1,1\n12,,,3,\n",
    );
    let answer = ask(&["agreement", &file, "--raters", "a,b,c,d"]).unwrap();
    let alpha = answer.json()["coefficients"]["Krippendorff's α (nominal)"]["value"].as_f64().unwrap();
    assert!((alpha - 0.743421052631579).abs() < 1e-9, "{alpha}");
    assert!(answer.text().contains("11 units with two or more ratings"), "{}", answer.text());
    assert!(ask(&["agreement", &file, "--raters", "a"]).unwrap_err().contains("two or more"));
    assert!(ask(&["agreement", &file, "--raters", "a,e"]).unwrap_err().contains("no column `e`"));
}
