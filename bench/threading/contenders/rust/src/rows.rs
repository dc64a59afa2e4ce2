// SPDX-License-Identifier: MIT
//! What contenders/rows.hpp has, in Rust: the same rows with the same figures.

use crate::workload::*;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::*};

#[derive(Clone, Copy, PartialEq)]
pub enum MainThread {
    Waits,
    Calls,
    Watches,
}

pub struct Arguments {
    pub row: String,
    pub threads: usize,
    pub samples: usize,
    pub steps_per_us: f64,
}

impl Arguments {
    fn steps(&self, us: f64) -> u64 {
        (us * self.steps_per_us) as u64
    }
}


/// Forked sums and empty tasks are timed inside, on a thread of the pool.
pub trait Contender: Sync + 'static {
    const FORK_LEVELS: i32 = 20;
    fn new(threads: usize, main: MainThread) -> Self;
    /// The last of `times` sums, and how long all took.
    fn tree(&self, root: &'static Node, times: usize) -> (u64, i64);
    fn fib(&self, n: i32) -> (u64, i64);
    /// How long `scopes` scopes of `count` tasks took.
    fn each<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, scopes: usize, count: usize, task: F) -> i64;
    fn batch<F: Fn(usize) + Sync + Send + Copy + 'static>(&self, scopes: usize, count: usize, task: F) -> Option<i64>;
    fn outside<F: Fn(usize) + Sync>(&self, count: usize, task: &F);
    fn each_of<F: Fn(usize) + Sync>(&self, count: usize, item: &F);
    fn detach(&self, job: impl FnOnce() + Send + 'static);
    fn detach_far(&self, job: impl FnOnce() + Send + 'static) {
        self.detach(job);
    }
}

#[derive(Default)]
pub struct Report {
    series: Vec<(&'static str, Vec<f64>)>,
    checksum: u64,
    unsupported: Option<&'static str>,
}

impl Report {
    fn sample(&mut self, key: &'static str, value: f64) {
        if self.series.last().map_or(true, |last| last.0 != key) {
            self.series.push((key, Vec::new()));
        }
        self.series.last_mut().unwrap().1.push(value);
    }
    fn check(&mut self, value: u64) {
        self.checksum = self.checksum.wrapping_mul(31).wrapping_add(value);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        if let Some(why) = self.unsupported {
            return write!(to, "{{\"unsupported\": \"{why}\"}}");
        }
        let series: Vec<String> =
            self.series.iter().map(|(key, values)| format!("\"{key}\": {values:?}")).collect();
        write!(to, "{{\"checksum\": \"{:016x}\", \"samples\": {{{}}}}}", self.checksum, series.join(", "))
    }
}

/// A place for each task's result; tasks write to different ones.
struct Slots(Vec<AtomicU64>);

impl Slots {
    fn new(count: usize) -> Slots {
        Slots((0..count).map(|_| AtomicU64::new(0)).collect())
    }
    fn set(&self, i: usize, value: u64) {
        self.0[i].store(value, Relaxed); // the scope's end publishes it
    }
    fn fold(&self) -> u64 {
        fold(self.0.iter().map(|slot| slot.load(Relaxed)))
    }
}

fn warm_up<C: Contender>(pool: &C, arguments: &Arguments) {
    let out = Slots::new(16);
    let steps = arguments.steps(20.0);
    for _ in 0..3 {
        pool.outside(16, &|i| out.set(i, chain(1, steps)));
    }
}

/// The main thread of these contenders sleeps while they work.
fn warm_up_and_pin<C: Contender>(pool: &C, arguments: &Arguments) {
    warm_up(pool, arguments);
    pin_threads(0);
}

/// The same work alone and together, turn by turn. Alone counts the best time.
struct AgainstSerial {
    alone: i64,
    together: Vec<i64>,
}

impl AgainstSerial {
    fn new() -> AgainstSerial {
        AgainstSerial { alone: i64::MAX, together: Vec::new() }
    }
    fn alone(&mut self, time: i64) {
        self.alone = self.alone.min(time);
    }
    fn report(&self, mut each: impl FnMut(f64, f64)) {
        self.together.iter().for_each(|&together| each(together as f64, self.alone as f64));
    }
}

fn join_tree<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Waits);
    let small: &'static Tree = Box::leak(Box::new(Tree::new(1023)));
    report.check(pool.tree(small.root(), 1).0);
    let tree: &'static Tree = Box::leak(Box::new(Tree::new((1 << C::FORK_LEVELS) - 1)));
    let expected = tree_sum(tree.root());
    pool.tree(tree.root(), 1);
    let mut rounds = AgainstSerial::new();
    for _ in 0..arguments.samples {
        let mut sum = 0;
        rounds.alone(timed_ns(|| sum = tree_sum(tree.root())));
        let (forked, together) = pool.tree(tree.root(), 1);
        rounds.together.push(together);
        assert!(sum == expected && forked == expected, "a forked sum is not the serial one");
    }
    rounds.report(|together, alone| report.sample("ns_per_fork", (together - alone) / tree.forks as f64));
}

fn join_fib<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Waits);
    report.check(pool.fib(14).0);
    let n = C::FORK_LEVELS * 3 / 2;
    pool.fib(n);
    let mut rounds = AgainstSerial::new();
    for _ in 0..arguments.samples {
        let mut sum = 0;
        let opaque = opaque(n);
        rounds.alone(timed_ns(|| sum = fib(opaque)));
        let (forked, together) = pool.fib(opaque);
        rounds.together.push(together);
        assert!(sum == forked, "a forked sum is not the serial one");
    }
    rounds.report(|together, alone| report.sample("ns_per_fork", (together - alone) / fib_forks(n) as f64));
}

fn join_small_tree<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Waits);
    warm_up_and_pin(&pool, arguments);
    let tree: &'static Tree = Box::leak(Box::new(Tree::new(1000)));
    let expected = tree_sum(tree.root());
    report.check(expected);
    let times = if C::FORK_LEVELS == 20 { 1000 } else { 30 };
    pool.tree(tree.root(), 1);
    let mut rounds = AgainstSerial::new();
    for _ in 0..arguments.samples {
        let (forked, together) = pool.tree(tree.root(), times);
        rounds.together.push(together);
        let mut sum = 0;
        rounds.alone(timed_ns(|| {
            for _ in 0..times {
                sum = opaque(tree_sum(opaque(tree.root())));
            }
        }));
        assert!(sum == expected && forked == expected, "a forked sum is not the serial one");
    }
    rounds.report(|together, alone| report.sample("over_serial", together / alone));
}

const SCOPE_TASKS: usize = 1000;
static SUM: AtomicU64 = AtomicU64::new(0);

fn spawn_rounds<C: Contender>(
    arguments: &Arguments,
    report: &mut Report,
    check: impl FnOnce() -> Option<i64>,
    mut scopes: impl FnMut(usize) -> i64,
) {
    if check().is_none() {
        report.unsupported = Some("spawns one by one only");
        return;
    }
    report.check(SUM.load(SeqCst));
    let count = if C::FORK_LEVELS == 20 { 100 } else { 30 };
    for _ in 0..arguments.samples {
        report.sample("ns_per_task", scopes(count) as f64 / (count * SCOPE_TASKS) as f64);
    }
}

fn counted(i: usize) {
    SUM.fetch_add(i as u64 + 1, SeqCst);
}

fn spawn_scope<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Waits);
    warm_up_and_pin(&pool, arguments);
    spawn_rounds::<C>(arguments, report, || Some(pool.each(1, SCOPE_TASKS, counted)), |scopes| {
        pool.each(scopes, SCOPE_TASKS, |_| nothing())
    });
}

fn spawn_batch<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Waits);
    warm_up_and_pin(&pool, arguments);
    spawn_rounds::<C>(arguments, report, || pool.batch(1, SCOPE_TASKS, counted), |scopes| {
        pool.batch(scopes, SCOPE_TASKS, |_| nothing()).unwrap()
    });
}

fn spawn_outside<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up_and_pin(&pool, arguments);
    let check = || Some(timed_ns(|| pool.outside(SCOPE_TASKS, &counted)));
    spawn_rounds::<C>(arguments, report, check, |scopes| {
        timed_ns(|| {
            for _ in 0..scopes {
                pool.outside(SCOPE_TASKS, &|_| nothing());
            }
        })
    });
}

const PAUSE: i64 = 2_000_000;

fn scope_latency<C: Contender>(arguments: &Arguments, report: &mut Report, tasks: usize) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up_and_pin(&pool, arguments);
    let out = Slots::new(tasks);
    let steps = arguments.steps(50.0);
    let task = |i: usize| out.set(i, chain(i as u64, steps));
    let mut alone: Vec<i64> = (0..21).map(|_| timed_ns(|| task(0))).collect();
    alone.sort_unstable();
    let turns = (tasks + arguments.threads - 1) / arguments.threads;
    let ideal = alone[10] as f64 * turns as f64;
    for _ in 0..arguments.samples {
        sleep_ns(PAUSE);
        let round = timed_ns(|| pool.outside(tasks, &task));
        report.sample("excess_us", (round as f64 - ideal) / 1000.0);
    }
    report.check(out.fold());
}

static STARTED: AtomicI64 = AtomicI64::new(0);

fn wake<C: Contender>(arguments: &Arguments, report: &mut Report, pinned: bool) {
    let pool = C::new(arguments.threads, MainThread::Watches);
    warm_up(&pool, arguments);
    if pinned {
        pin_threads(1);
    }
    for _ in 0..arguments.samples {
        sleep_ns(PAUSE);
        STARTED.store(0, SeqCst);
        let asked = now_ns();
        pool.detach(|| STARTED.store(now_ns(), SeqCst));
        while STARTED.load(SeqCst) == 0 {}
        report.sample("wake_us", (STARTED.load(SeqCst) - asked) as f64 / 1000.0);
    }
    report.check(arguments.samples as u64);
}

const LIGHT_ITEMS: usize = 1_000_000;
const LIGHT_STEPS: u64 = 14;

#[inline(never)]
fn light_item(i: usize) -> u64 {
    chain(i as u64, LIGHT_STEPS)
}

fn for_light<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up_and_pin(&pool, arguments);
    let out = Slots::new(LIGHT_ITEMS);
    let item = |i: usize| out.set(i, light_item(i));
    let serial = || (0..LIGHT_ITEMS).for_each(item);
    serial();
    let mut rounds = AgainstSerial::new();
    for _ in 0..arguments.samples {
        rounds.alone(timed_ns(serial));
        rounds.together.push(timed_ns(|| pool.each_of(LIGHT_ITEMS, &item)));
    }
    rounds.report(|together, alone| report.sample("over_ideal", together * arguments.threads as f64 / alone));
    report.check(out.fold());
}

fn uneven<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up_and_pin(&pool, arguments);
    let steps = pareto_steps(2000, arguments.steps_per_us * 100.0);
    let out = Slots::new(steps.len());
    let task = |i: usize| out.set(i, chain(i as u64, steps[i]));
    let serial = || (0..steps.len()).for_each(task);
    let mut rounds = AgainstSerial::new();
    rounds.alone(timed_ns(serial));
    for _ in 0..arguments.samples {
        rounds.together.push(timed_ns(|| pool.outside(steps.len(), &task)));
        rounds.alone(timed_ns(serial));
    }
    rounds.report(|together, alone| report.sample("over_ideal", together * arguments.threads as f64 / alone));
    report.check(out.fold());
}

fn contended<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up_and_pin(&pool, arguments);
    const COUNT: usize = 400;
    let out = Slots::new(COUNT);
    let steps = arguments.steps(500.0);
    let task = |i: usize| out.set(i, chain(i as u64, steps));
    let before = thread_cpu_ns();
    (0..COUNT).for_each(task);
    let work = (thread_cpu_ns() - before) as f64;
    for _ in 0..arguments.samples {
        let together = timed_ns(|| pool.outside(COUNT, &task));
        report.sample("over_share", together as f64 / (2.0 * work / arguments.threads as f64));
    }
    report.check(out.fold());
}

fn idle<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up(&pool, arguments);
    sleep_ns(400_000_000);
    let before = others_usage();
    sleep_ns(arguments.samples as i64 * 1_000_000);
    let after = others_usage();
    report.sample("wakeups", (after.1 - before.1) as f64);
    report.sample("cpu_ms", (after.0 - before.0) as f64 / 1e6);
    report.check(1);
}

fn cpu_us_per_tick(ticks: usize, period: i64, mut work: impl FnMut(), settle: impl FnOnce()) -> f64 {
    let (start, before) = (now_ns(), process_cpu_ns());
    for i in 0..ticks as i64 {
        sleep_until_ns(start + i * period);
        work();
    }
    sleep_until_ns(start + ticks as i64 * period);
    settle();
    (process_cpu_ns() - before) as f64 / 1000.0 / ticks as f64
}

static RESULT: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);

fn trickle<C: Contender>(arguments: &Arguments, report: &mut Report, main: MainThread, period: i64, work_us: f64) {
    let pool = C::new(arguments.threads, main);
    warm_up(&pool, arguments);
    let steps = arguments.steps(work_us);
    let task = move || {
        // Relaxed: who sees the count in ENDED sees this too.
        RESULT.store(chain(1, steps), Relaxed);
        ENDED.fetch_add(1, AcqRel); // pairs with the acquire in settle
    };
    let samples = arguments.samples;
    let inline = cpu_us_per_tick(samples, period, task, || {});
    let expected = ENDED.load(SeqCst) + samples as u64;
    let settle = || {
        while ENDED.load(Acquire) != expected {
            sleep_ns(100_000);
        }
    };
    let pooled = match main {
        MainThread::Calls => cpu_us_per_tick(samples, period, || pool.outside(1, &|_| task()), settle),
        _ => cpu_us_per_tick(samples, period, || pool.detach(task), settle),
    };
    report.sample("cpu_us_per_tick", pooled - inline);
    report.check(RESULT.load(SeqCst));
}

static STOP: AtomicBool = AtomicBool::new(false);
static ALIVE: AtomicI64 = AtomicI64::new(0);
const YIELD_INTERVAL_US: f64 = 500.0;
const STARVED: i64 = 1_000_000_000;

fn background<C: Contender>(pool: &'static C, slice: u64) {
    for _ in 0..10 {
        if STOP.load(SeqCst) {
            break;
        }
        chain(1, slice);
    }
    if STOP.load(SeqCst) {
        ALIVE.fetch_sub(1, SeqCst);
    } else {
        pool.detach_far(move || background(pool, slice));
    }
}

fn band_latency<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool: &'static C = Box::leak(Box::new(C::new(arguments.threads, MainThread::Watches)));
    warm_up(pool, arguments);
    let slice = arguments.steps(YIELD_INTERVAL_US);
    for _ in 0..2 * arguments.threads {
        ALIVE.fetch_add(1, SeqCst);
        pool.detach_far(move || background(pool, slice));
    }
    let mut random = Random(7);
    for _ in 0..arguments.samples {
        sleep_ns(random.between(3_000_000, 9_000_000) as i64);
        STARTED.store(0, SeqCst);
        let asked = now_ns();
        pool.detach(|| STARTED.store(now_ns(), SeqCst));
        while STARTED.load(SeqCst) == 0 && now_ns() - asked < STARVED {
            sleep_ns(200_000);
        }
        if STARTED.load(SeqCst) == 0 {
            report.sample("latency_us", STARVED as f64 / 1000.0);
            break;
        }
        report.sample("latency_us", (STARTED.load(SeqCst) - asked) as f64 / 1000.0);
    }
    STOP.store(true, SeqCst);
    while ALIVE.load(SeqCst) != 0 {
        sleep_ns(1_000_000);
    }
    report.check(arguments.samples as u64);
}

const FRAME: i64 = 16_666_667;
const FAR_TASKS: i64 = 10_000;
const FRAMES_PER_TURN: usize = 30;
const FRAMES_AT_LEAST: usize = 3;
static VIEW: AtomicI64 = AtomicI64::new(0);

fn frames<C: Contender>(arguments: &Arguments, report: &mut Report) {
    let pool = C::new(arguments.threads, MainThread::Calls);
    warm_up(&pool, arguments);
    let mut random = Random(11);
    let start = now_ns();
    let mut due = start;
    for frame in 0..arguments.samples {
        if frame >= FRAMES_AT_LEAST && now_ns() - start > arguments.samples as i64 * FRAME * 3 / 2 {
            break;
        }
        sleep_until_ns(due);
        due = (due + FRAME).max(now_ns());
        if frame % FRAMES_PER_TURN == 0 {
            let here = VIEW.fetch_add(1, SeqCst) + 1;
            ALIVE.fetch_add(FAR_TASKS, SeqCst);
            for _ in 0..FAR_TASKS {
                let steps = arguments.steps(random.between(100, 300) as f64);
                pool.detach_far(move || {
                    if VIEW.load(SeqCst) == here {
                        chain(1, steps);
                    }
                    ALIVE.fetch_sub(1, SeqCst);
                });
            }
        }
        let urgent = random.between(4, 32) as usize;
        let out = Slots::new(urgent);
        let steps: Vec<u64> =
            (0..urgent).map(|_| arguments.steps(random.between(100, 300) as f64)).collect();
        let waited = timed_ns(|| pool.outside(urgent, &|i: usize| out.set(i, chain(i as u64, steps[i]))));
        report.sample("wait_ms", waited as f64 / 1e6);
        if frame < FRAMES_AT_LEAST {
            report.check(out.fold());
        }
    }
    VIEW.fetch_add(1, SeqCst);
    while ALIVE.load(SeqCst) != 0 {
        sleep_ns(1_000_000);
    }
}

pub fn run<C: Contender>(arguments: &Arguments) -> Report {
    use MainThread::{Calls, Watches};
    let mut report = Report::default();
    let (all, to) = (arguments, &mut report);
    const MS: i64 = 1_000_000;
    match arguments.row.as_str() {
        "join.tree" => join_tree::<C>(all, to),
        "join.fib" => join_fib::<C>(all, to),
        "join.small_tree" => join_small_tree::<C>(all, to),
        "spawn.scope" => spawn_scope::<C>(all, to),
        "spawn.batch" => spawn_batch::<C>(all, to),
        "spawn.outside" => spawn_outside::<C>(all, to),
        "scope.2x50us" => scope_latency::<C>(all, to, 2),
        "scope.64x50us" => scope_latency::<C>(all, to, 64),
        "wake" => wake::<C>(all, to, true),
        "wake.free" => wake::<C>(all, to, false),
        "for.light" => for_light::<C>(all, to),
        "uneven" => uneven::<C>(all, to),
        "contended" => contended::<C>(all, to),
        "idle" => idle::<C>(all, to),
        "trickle.scope" => trickle::<C>(all, to, Calls, MS, 20.0),
        "trickle.detached" => trickle::<C>(all, to, Watches, MS, 20.0),
        "trickle.60hz" => trickle::<C>(all, to, Watches, FRAME, 10.0),
        "trickle.empty" => trickle::<C>(all, to, Watches, MS, 0.0),
        "band" => band_latency::<C>(all, to),
        "frame" => frames::<C>(all, to),
        row => {
            eprintln!("there is no row \"{row}\"");
            std::process::exit(2);
        }
    }
    report
}
