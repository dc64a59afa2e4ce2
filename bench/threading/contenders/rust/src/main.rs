// SPDX-License-Identifier: MIT
//! The contenders in Rust: `pool_rust NAME ROW THREADS SAMPLES STEPS_PER_US`.

mod async_executor_pool;
mod rayon_pool;
mod rows;
mod workload;

use rows::Arguments;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let arguments = match &words[..] {
        [_, _, row, threads, samples, steps_per_us] => (|| {
            Some(Arguments {
                row: row.clone(),
                threads: threads.parse().ok()?,
                samples: samples.parse().ok()?,
                steps_per_us: steps_per_us.parse().ok()?,
            })
        })(),
        _ => None,
    };
    let report = match (words.get(1).map(String::as_str), arguments) {
        (Some("rayon"), Some(arguments)) => rows::run::<rayon_pool::Pool>(&arguments),
        (Some("rayon-inplace"), Some(arguments)) => rows::run::<rayon_pool::InPlace>(&arguments),
        (Some("rayon-two-pools"), Some(arguments)) => rows::run::<rayon_pool::TwoPools>(&arguments),
        (Some("async-executor"), Some(arguments)) => rows::run::<async_executor_pool::Pool>(&arguments),
        _ => {
            eprintln!("usage: pool_rust NAME ROW THREADS SAMPLES STEPS_PER_US");
            std::process::exit(2);
        }
    };
    println!("{report}");
}
