// Panics: till index|thread|text|nested|assert.
use std::hint::black_box;

#[inline(always)]
fn unit_price(prices: &[u64], index: usize) -> u64 {
    prices[index]
}

#[inline(never)]
fn line_total(prices: &[u64], index: usize) -> u64 {
    unit_price(prices, index) * 2
}

#[inline(never)]
fn checkout(kind: &str) -> u64 {
    match kind {
        "text" => panic!("till is closed:\nno \"clerk\"\n  at the desk"),
        "assert" => {
            assert_eq!(black_box(1), 2, "prices of {}", kind);
            0
        }
        _ => line_total(black_box(&[1, 2, 3]), black_box(7)),
    }
}

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    if kind == "thread" {
        let clerk = std::thread::Builder::new().name("clerk 1".into());
        let first = clerk.spawn(|| checkout("index")).unwrap().join();
        let second = std::thread::spawn(|| checkout("assert")).join();
        eprintln!("till: {} {}", first.is_err(), second.is_err());
        return;
    }
    black_box(checkout(&kind));
}
