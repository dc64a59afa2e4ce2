// SPDX-License-Identifier: MIT
//! What bench/threading/workload.hpp has, in Rust: the same work, seeds and clocks.

use std::arch::asm;
use std::fs;

pub const MULTIPLIER: u64 = 6364136223846793005;
const INCREMENT: u64 = 1442695040888963407;

#[inline(always)]
pub fn chain(mut x: u64, steps: u64) -> u64 {
    for _ in 0..steps {
        x = x.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        // Empty, so that the chain neither vectorizes nor folds.
        unsafe { asm!("/* {0} */", inout(reg) x, options(nomem, nostack, preserves_flags)) };
    }
    x
}

/// An empty task that the compiler must keep.
#[inline(always)]
pub fn nothing() {
    unsafe { asm!("", options(nostack, preserves_flags)) };
}

/// The same value, of which the compiler knows nothing.
pub fn opaque<T: Copy>(value: T) -> T {
    unsafe { std::ptr::read_volatile(&value) }
}

fn clock_ns(clock: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(clock, &mut now) };
    now.tv_sec as i64 * 1_000_000_000 + now.tv_nsec as i64
}
pub fn now_ns() -> i64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}
pub fn process_cpu_ns() -> i64 {
    clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}
pub fn thread_cpu_ns() -> i64 {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

pub fn sleep_until_ns(when: i64) {
    let deadline = libc::timespec {
        tv_sec: (when / 1_000_000_000) as libc::time_t,
        tv_nsec: (when % 1_000_000_000) as _,
    };
    while unsafe {
        libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &deadline, std::ptr::null_mut())
    } != 0
    {}
}
pub fn sleep_ns(duration: i64) {
    sleep_until_ns(now_ns() + duration);
}

pub fn timed_ns(f: impl FnOnce()) -> i64 {
    let start = now_ns();
    f();
    now_ns() - start
}

pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        self.0 >> 11
    }
    fn unit(&mut self) -> f64 {
        (self.next() as f64 + 1.0) / 9007199254740992.0
    }
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}

pub struct Node {
    pub value: u64,
    pub left: *const Node,
    pub right: *const Node,
}
unsafe impl Sync for Node {}

/// In the order in which the sum visits the nodes; halves as equal as can be.
pub struct Tree {
    nodes: Vec<Node>,
    pub forks: usize,
}

impl Tree {
    pub fn new(count: usize) -> Tree {
        let mut tree = Tree { nodes: Vec::with_capacity(count), forks: 0 };
        tree.build(count);
        tree
    }
    pub fn root(&self) -> &Node {
        &self.nodes[0]
    }
    fn build(&mut self, count: usize) -> *const Node {
        if count == 0 {
            return std::ptr::null();
        }
        let at = self.nodes.len();
        let value = (at as u64).wrapping_mul(MULTIPLIER) >> 32;
        self.nodes.push(Node { value, left: std::ptr::null(), right: std::ptr::null() });
        let left = (count - 1) / 2;
        self.nodes[at].left = self.build(left);
        self.nodes[at].right = self.build(count - 1 - left);
        if left != 0 {
            self.forks += 1;
        }
        &self.nodes[at]
    }
}

impl Node {
    /// Both, or neither: a node with one child passes it through `only`.
    #[inline(always)]
    pub fn children(&self) -> Option<(&Node, &Node)> {
        unsafe { Some((self.left.as_ref()?, &*self.right)) }
    }
    #[inline(always)]
    pub fn only(&self) -> Option<&Node> {
        unsafe { self.right.as_ref() }
    }
}

#[inline(never)]
pub fn tree_sum(node: &Node) -> u64 {
    let below = match node.children() {
        None => node.only().map_or(0, tree_sum),
        Some((left, right)) => tree_sum(left).wrapping_add(tree_sum(right)),
    };
    node.value.wrapping_add(below)
}

#[inline(never)]
pub fn fib(n: i32) -> u64 {
    if n < 2 {
        n as u64
    } else {
        fib(n - 1) + fib(n - 2)
    }
}

pub fn fib_forks(n: i32) -> u64 {
    let (mut before, mut last) = (0, 0);
    for _ in 2..=n {
        let here = before + last + 1;
        before = last;
        last = here;
    }
    last
}

pub fn pareto_steps(count: usize, mean_steps: f64) -> Vec<u64> {
    let mut random = Random(42);
    let costs: Vec<f64> = (0..count).map(|_| random.unit().powf(-1.0 / 1.5)).collect();
    let sum: f64 = costs.iter().sum();
    costs.iter().map(|cost| (cost / sum * count as f64 * mean_steps) as u64).collect()
}

pub fn fold(values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().fold(0, |sum, value| sum.wrapping_mul(31).wrapping_add(value))
}

fn other_threads() -> Vec<i32> {
    let me = unsafe { libc::syscall(libc::SYS_gettid) } as i32;
    let mut ids: Vec<i32> = fs::read_dir("/proc/self/task")
        .expect("/proc/self/task can be read")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&id| id != me)
        .collect();
    ids.sort_unstable();
    ids
}

pub fn pin_threads(first_cpu: usize) {
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, std::mem::size_of_val(&allowed), &mut allowed);
        let cpus: Vec<usize> =
            (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, &allowed)).collect();
        let pin = |thread: i32, index: usize| {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpus[index % cpus.len()], &mut set);
            libc::sched_setaffinity(thread, std::mem::size_of_val(&set), &set);
        };
        let others = other_threads();
        pin(0, 0);
        for (i, &thread) in others.iter().enumerate() {
            pin(thread, first_cpu + i);
        }
    }
}

/// CPU nanoseconds, and times on a CPU, of all threads but the calling one.
pub fn others_usage() -> (i64, i64) {
    let mut sum = (0, 0);
    for id in other_threads() {
        let text = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).unwrap_or_default();
        let numbers: Vec<i64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        if let [cpu, _, turns] = numbers[..] {
            sum = (sum.0 + cpu, sum.1 + turns);
        }
    }
    sum
}
