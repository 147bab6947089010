//! Threads whose work can wait.

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Puts this thread into the idle scheduling class: it works when nothing else wants to. The lowest nice value is
/// not enough, since such a thread keeps its slice while a request waits.
pub(crate) fn step_back() {
    // Where the system has no such class the work is done at normal priority, which is correct all the same.
    let _ = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
    );
}
