//! Every input in `fuzz/corpus` through its target: the seeds that the fuzzer begins with, and all that it
//! ever found.

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_breaks_no_property() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut count = 0;
    for (name, target) in bloom_fuzz::TARGETS {
        let folder = fs::read_dir(corpus.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        for entry in folder {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 50, "only {count} inputs");
}
