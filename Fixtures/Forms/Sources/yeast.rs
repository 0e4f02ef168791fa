#![no_std]
#![no_main]

mod culture {
    pub struct Yeast {
        pub cells: u32,
        pub age: u32,
    }

    pub trait Grows {
        fn grown(&self, hours: u32) -> u32;
    }

    impl Grows for Yeast {
        #[inline]
        fn grown(&self, hours: u32) -> u32 {
            doubled(self.cells, hours) - self.age
        }
    }

    #[inline(always)]
    fn doubled(cells: u32, hours: u32) -> u32 {
        cells << (hours & 7)
    }

    #[inline(never)]
    pub fn strongest<Item: Grows>(items: &[Item], hours: u32) -> u32 {
        items.iter().map(|item| item.grown(hours)).fold(0, |best, next| if next > best { next } else { best })
    }
}

#[panic_handler]
fn stop(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub extern "C" fn _start(cells: u32, hours: u32) -> u32 {
    let yeast = [culture::Yeast { cells, age: hours }, culture::Yeast { cells: cells / hours, age: 1 }];
    culture::strongest(&yeast, hours) + culture::strongest(&yeast[1..], cells)
}
