// SPDX-License-Identifier: MIT
//! rayon: a pool of the threads asked for; the main thread sleeps while it works.

use crate::rows::{Contender, MainThread};
use crate::workload::{now_ns, Node};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

fn tree_sum(node: &Node) -> u64 {
    let below = match node.children() {
        None => node.only().map_or(0, tree_sum),
        Some((left, right)) => {
            let (a, b) = rayon::join(|| tree_sum(left), || tree_sum(right));
            a.wrapping_add(b)
        }
    };
    node.value.wrapping_add(below)
}

fn fib(n: i32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

fn timed<R: Send>(pool: &ThreadPool, f: impl FnOnce() -> R + Send) -> (R, i64) {
    pool.install(|| {
        let start = now_ns();
        let result = f();
        (result, now_ns() - start)
    })
}

/// One pool for everything, and scopes as `pool.scope` opens them.
pub type Pool = Form<false, false>;
/// Scopes run their body on the calling thread.
pub type InPlace = Form<true, false>;
/// Since rayon knows no priorities: a pool of its own for far work, of the same size, and the
/// kernel to share the CPUs between the two.
pub type TwoPools = Form<false, true>;

pub struct Form<const IN_PLACE: bool, const TWO_POOLS: bool> {
    pool: ThreadPool,
    far: Option<ThreadPool>,
}

impl<const IN_PLACE: bool, const TWO_POOLS: bool> Contender for Form<IN_PLACE, TWO_POOLS> {
    fn new(threads: usize, _: MainThread) -> Self {
        let pool = || ThreadPoolBuilder::new().num_threads(threads).build().expect("rayon starts");
        Form { pool: pool(), far: TWO_POOLS.then(pool) }
    }
    fn tree(&self, root: &'static Node, times: usize) -> (u64, i64) {
        timed(&self.pool, || {
            let mut sum = 0;
            for _ in 0..times {
                sum = tree_sum(root);
            }
            sum
        })
    }
    fn fib(&self, n: i32) -> (u64, i64) {
        timed(&self.pool, || fib(n))
    }
    fn each<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, scopes: usize, count: usize, task: F) -> i64 {
        let all = timed(&self.pool, || {
            for _ in 0..scopes {
                rayon::scope(|scope| (0..count).for_each(|i| scope.spawn(move |_| task(i))));
            }
        });
        all.1
    }
    fn batch<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, scopes: usize, count: usize, task: F) -> Option<i64> {
        let all = timed(&self.pool, || {
            for _ in 0..scopes {
                (0..count).into_par_iter().with_max_len(1).for_each(task);
            }
        });
        Some(all.1)
    }
    fn outside<F: Fn(usize) + Sync>(&self, count: usize, task: &F) {
        if IN_PLACE {
            self.pool.in_place_scope(|scope| (0..count).for_each(|i| scope.spawn(move |_| task(i))));
        } else {
            self.pool.scope(|scope| (0..count).for_each(|i| scope.spawn(move |_| task(i))));
        }
    }
    fn each_of<F: Fn(usize) + Sync>(&self, count: usize, item: &F) {
        self.pool.install(|| (0..count).into_par_iter().for_each(item));
    }
    fn detach(&self, job: impl FnOnce() + Send + 'static) {
        self.pool.spawn(job);
    }
    fn detach_far(&self, job: impl FnOnce() + Send + 'static) {
        self.far.as_ref().unwrap_or(&self.pool).spawn(job);
    }
}
