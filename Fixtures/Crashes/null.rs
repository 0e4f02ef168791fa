// A null pointer is read below a few calls; with "panic" as the argument a panic that aborts.
#[inline(never)]
fn read(pointer: *const u32) -> u32 {
    unsafe { std::ptr::read_volatile(pointer) }
}

#[inline(never)]
fn middle(pointer: *const u32, panics: bool) -> u32 {
    if panics {
        let prices: Vec<u32> = Vec::new();
        return prices[pointer as usize + 3];
    }
    read(pointer) + 1
}

fn main() {
    let panics = std::env::args().nth(1).as_deref() == Some("panic");
    std::process::exit(middle(std::ptr::null(), panics) as i32);
}
