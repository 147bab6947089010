//! What the tests share.

mod answer;
pub(crate) mod app;
mod browser;
pub(crate) mod documents;
mod log;
pub(crate) mod oauth;
mod operations;
pub(crate) mod own_app;
pub(crate) mod provider;
pub(crate) mod providers;
pub(crate) mod signing;
pub(crate) mod sites;

use bloom_store::testing::{Engine, fresh};

pub(crate) use answer::Answer;
pub(crate) use app::{App, OTHER_PLACE, START};
pub(crate) use browser::{Browser, Key, PASSWORD, urlencoded};
pub(crate) use operations::{NOTHING, Operation, operations, with_credential};

/// Makes two tests of each function, `name::sqlite` and `name::postgres`. A function that is not
/// listed is dead code, so none is forgotten.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            fn sqlite() {
                crate::support::run(bloom_store::testing::Engine::Sqlite, super::$test);
            }

            #[test]
            fn postgres() {
                crate::support::run(bloom_store::testing::Engine::Postgres, super::$test);
            }
        }
    )+};
}

pub(crate) use on_both;

/// Runs a test over an empty database. Four threads even on one core: a race must be able to happen.
pub(crate) fn run<F: Future<Output = ()>>(engine: Engine, test: impl FnOnce(App) -> F) {
    let Some(database) = fresh(engine) else {
        return;
    };
    log::listen();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    // Both databases pass the same snapshot.
    insta::allow_duplicates! {
        runtime.block_on(async {
            let app = App::open(database).await;
            Box::pin(test(app)).await;
        });
    }
    log::assert_quiet();
}

/// Runs many copies of a task at once and gives what each came to.
pub(crate) async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(task(number))).collect();
    let mut outcomes = Vec::with_capacity(count);
    for task in tasks {
        outcomes.push(task.await.expect("the task ends by itself"));
    }
    outcomes
}
