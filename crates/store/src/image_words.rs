//! The words by which images are found, as rows.

use std::collections::BTreeSet;

use bloom_domain::ids::{BrandId, ImageId};

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// An image is found by a word.
    INSERT = "INSERT INTO image_words (brand_id, word, image_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    /// Which images of a brand are found by a word, the newest first.
    FIND = "SELECT image_id FROM image_words WHERE brand_id = ?1 AND word = ?2 \
            ORDER BY image_id DESC LIMIT ?3";
    /// One is found by nothing any more.
    DELETE = "DELETE FROM image_words WHERE image_id = ?1";
}

/// Writes the words by which an image is found.
pub fn insert(
    tx: &mut Tx<'_>,
    brand: BrandId,
    image: ImageId,
    words: &BTreeSet<String>,
) -> Result<(), Error> {
    for word in words {
        tx.execute(&INSERT, &[brand.into(), word.into(), image.into()])?;
    }
    Ok(())
}

/// The images of a brand that are found by a word, the newest first, at most so many.
pub fn find(
    tx: &mut Tx<'_>,
    brand: BrandId,
    word: &str,
    limit: i64,
) -> Result<Vec<ImageId>, Error> {
    let rows = tx.query(&FIND, &[brand.into(), word.into(), limit.into()])?;
    rows.iter().map(|row| row.id16(0).map(ImageId::from_bytes)).collect()
}

/// An image is found by nothing any more.
pub fn delete(tx: &mut Tx<'_>, image: ImageId) -> Result<(), Error> {
    tx.execute(&DELETE, &[image.into()]).map(drop)
}
