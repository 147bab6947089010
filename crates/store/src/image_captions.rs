//! The words of images, as rows: in the order in which the images came into the library of their brand.

use bloom_domain::ids::{BrandId, ImageId};

use crate::statement::statements;
use crate::{Error, Tx, brands};

statements! {
    /// Those of one more.
    INSERT = "INSERT INTO image_captions (brand_id, number, image_id, caption) VALUES (?1, ?2, ?3, ?4)";
    /// Those of a brand that came after one, in their order.
    AFTER = "SELECT number, image_id, caption FROM image_captions WHERE brand_id = ?1 AND number > ?2 \
             ORDER BY number LIMIT ?3";
    /// Whether an image still has some.
    EXISTS = "SELECT number FROM image_captions WHERE image_id = ?1";
    /// They are gone with it.
    DELETE = "DELETE FROM image_captions WHERE image_id = ?1";
}

/// The words of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// Which one of the brand's library it was.
    pub number: i64,
    /// The image.
    pub image: ImageId,
    /// The words.
    pub words: String,
}

/// An image has come into the library of its brand, which counts it.
pub fn insert(tx: &mut Tx<'_>, brand: BrandId, image: ImageId, words: &str) -> Result<(), Error> {
    let Some(number) = brands::one_image_more(tx, brand)? else { return Ok(()) };
    let params = [brand.into(), number.into(), image.into(), words.into()];
    tx.execute(&INSERT, &params).map(drop)
}

/// What came into a brand's library after a number, in its order, at most so many. None of a lower number comes
/// later: whoever adds one holds the brand's row until the COMMIT.
pub fn after(
    tx: &mut Tx<'_>,
    brand: BrandId,
    number: i64,
    limit: i64,
) -> Result<Vec<Caption>, Error> {
    let rows = tx.query(&AFTER, &[brand.into(), number.into(), limit.into()])?;
    rows.iter()
        .map(|row| {
            Ok(Caption {
                number: row.int(0)?,
                image: ImageId::from_bytes(row.id16(1)?),
                words: row.text(2)?.to_owned(),
            })
        })
        .collect()
}

/// Whether an image is still in the library.
pub fn exists(tx: &mut Tx<'_>, image: ImageId) -> Result<bool, Error> {
    Ok(tx.query_opt(&EXISTS, &[image.into()])?.is_some())
}

/// An image is found by nothing any more.
pub fn delete(tx: &mut Tx<'_>, image: ImageId) -> Result<(), Error> {
    tx.execute(&DELETE, &[image.into()]).map(drop)
}
