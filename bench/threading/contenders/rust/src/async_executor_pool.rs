// SPDX-License-Identifier: MIT
//! async-executor, what bevy_tasks is made of: threads that run one executor; the main thread sleeps
//! on the handles of its tasks.

use crate::rows::{Contender, MainThread};
use crate::workload::{now_ns, Node};
use async_executor::{Executor, Task};
use futures_lite::future::{block_on, pending};
use std::future::Future;
use std::pin::Pin;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn tree_sum(executor: &'static Executor<'static>, node: &'static Node) -> Boxed<u64> {
    Box::pin(async move {
        let below = match node.children() {
            None => match node.only() {
                None => 0,
                Some(child) => tree_sum(executor, child).await,
            },
            Some((left, right)) => {
                let stealable = executor.spawn(tree_sum(executor, left));
                let here = tree_sum(executor, right).await;
                here.wrapping_add(stealable.await)
            }
        };
        node.value.wrapping_add(below)
    })
}

fn fib(executor: &'static Executor<'static>, n: i32) -> Boxed<u64> {
    Box::pin(async move {
        if n < 2 {
            return n as u64;
        }
        let stealable = executor.spawn(fib(executor, n - 1));
        let here = fib(executor, n - 2).await;
        here + stealable.await
    })
}

pub struct Pool {
    executor: &'static Executor<'static>,
    threads: usize,
}

impl Pool {
    /// The tasks end before this returns, so they may borrow what the caller borrows.
    fn spawn_all<'a>(&self, count: usize, task: &'a (dyn Fn(usize) + Sync)) -> Vec<Task<()>> {
        let task: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute::<&'a _, &'static _>(task) };
        (0..count).map(|i| self.executor.spawn(async move { task(i) })).collect()
    }
}

impl Contender for Pool {
    const FORK_LEVELS: i32 = 16;

    fn new(threads: usize, _: MainThread) -> Pool {
        let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
        for _ in 0..threads {
            std::thread::spawn(move || block_on(executor.run(pending::<()>())));
        }
        Pool { executor, threads }
    }
    fn tree(&self, root: &'static Node, times: usize) -> (u64, i64) {
        let executor = self.executor;
        block_on(executor.spawn(async move {
            let start = now_ns();
            let mut sum = 0;
            for _ in 0..times {
                sum = tree_sum(executor, root).await;
            }
            (sum, now_ns() - start)
        }))
    }
    fn fib(&self, n: i32) -> (u64, i64) {
        let executor = self.executor;
        block_on(executor.spawn(async move {
            let start = now_ns();
            let sum = fib(executor, n).await;
            (sum, now_ns() - start)
        }))
    }
    fn each<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, scopes: usize, count: usize, task: F) -> i64 {
        let executor = self.executor;
        block_on(executor.spawn(async move {
            let start = now_ns();
            for _ in 0..scopes {
                let tasks: Vec<Task<()>> = (0..count).map(|i| executor.spawn(async move { task(i) })).collect();
                for handle in tasks {
                    handle.await;
                }
            }
            now_ns() - start
        }))
    }
    fn batch<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, _: usize, _: usize, _: F) -> Option<i64> {
        None
    }
    fn outside<F: Fn(usize) + Sync>(&self, count: usize, task: &F) {
        let tasks = self.spawn_all(count, task);
        block_on(async {
            for handle in tasks {
                handle.await;
            }
        });
    }
    fn each_of<F: Fn(usize) + Sync>(&self, count: usize, item: &F) {
        let threads = self.threads;
        self.outside(threads, &|part| (count * part / threads..count * (part + 1) / threads).for_each(item));
    }
    fn detach(&self, job: impl FnOnce() + Send + 'static) {
        self.executor.spawn(async move { job() }).detach();
    }
}
