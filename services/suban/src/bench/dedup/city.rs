//! A city's requests, the same for the same seed: places, matters, persons, words.
//!
//! Requests gather where people live: estates of a few hundred metres, more of them towards the middle. Some repeat
//! an earlier one in other words, some are campaigns of many persons about one site.

use suban_likeness::{Request, Spot};
use suban_text::features::mixed;

const SURNAMES: &[&str] =
    &["明珠", "和平", "新湖", "东升", "碧岭", "龙山", "松岗", "海岸", "翠竹", "金沙", "南坪", "银湖"];
const ROAD_TAILS: &[&str] = &["路", "大道", "街", "巷", "一路", "二路", "西路", "北路"];
const ESTATE_TAILS: &[&str] = &["花园", "小区", "苑", "家园", "公寓", "雅居", "华庭", "新村"];

/// What is wrong, with the things and the ways to say it.
const MATTERS: &[(&str, &[&str], &[&str])] = &[
    ("路灯", &["路灯", "灯杆", "照明灯"], &["不亮了", "一直在闪", "坏了好几天", "歪了快要倒", "白天也亮着"]),
    ("井盖", &["井盖", "下水道盖板", "窨井盖"], &["不见了", "松动有响声", "破了一个洞", "翘起来了很危险"]),
    (
        "噪声",
        &["工地", "广场舞音响", "楼下烧烤摊", "空调外机"],
        &["半夜还在响", "吵得睡不着", "每天晚上扰民", "凌晨施工"],
    ),
    ("垃圾", &["垃圾桶", "建筑垃圾", "生活垃圾", "落叶"], &["堆了很久没人清", "发臭了", "堵住人行道", "满出来了"]),
    ("停车", &["小车", "货车", "共享单车", "电动车"], &["占用消防通道", "乱停乱放", "停在盲道上", "长期占道"]),
    ("积水", &["路面", "地下车库", "人行道", "涵洞"], &["一下雨就积水", "排水不畅", "水深到膝盖", "积水几天不退"]),
    ("物业", &["物业", "电梯", "门禁", "停车费"], &["没有人管", "经常故障", "乱收费", "维修拖了几个月"]),
    ("树木", &["大树", "绿化带", "树枝"], &["倒了挡路", "遮住红绿灯", "枯死了", "压到电线"]),
];

const OPENINGS: &[&str] = &["", "您好,", "市民反映:", "我要投诉,", "麻烦看一下,", "请问有没有人管,"];
const CLOSINGS: &[&str] =
    &["", ",请尽快处理", ",谢谢", ",已经打过一次电话了", ",希望有关部门重视", ",老人小孩经过很不安全", ",影响居民生活"];

/// One made request, with what [`Request`] borrows.
#[derive(Debug, Clone)]
pub(in crate::bench) struct Made {
    pub(in crate::bench) number: u64,
    pub(in crate::bench) reported_at: i64,
    pub(in crate::bench) text: String,
    pub(in crate::bench) spot: Spot,
    pub(in crate::bench) address: String,
    pub(in crate::bench) category: &'static str,
    pub(in crate::bench) requester: String,
}

impl Made {
    pub(in crate::bench) fn request(&self) -> Request<'_> {
        Request {
            id: u128::from(self.number),
            reported_at: self.reported_at,
            text: &self.text,
            spot: Some(self.spot),
            address: &self.address,
            category: self.category,
            requester: &self.requester,
            photo: Some(self.number.is_multiple_of(3)),
            ..Request::default()
        }
    }
}

/// Numbers drawn from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % end.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

/// Seconds between two requests.
const APART: u64 = 7;

/// Request number `n` of the city of a seed.
pub(in crate::bench) fn made(seed: u64, n: u64) -> Made {
    let mut dice = Dice(mixed(seed) ^ mixed(n));
    // One in ten says again what was said before, one in a hundred joins a campaign.
    let event = match dice.below(100) {
        0..10 if n > 50 => n - 1 - dice.below(50),
        10 => n / 5000 * 5000,
        _ => n,
    };
    let mut scene = Dice(mixed(seed ^ 0xc17) ^ mixed(event));
    let (category, things, troubles) = scene.one(MATTERS);
    // Two throws added: more towards the middle. About 45 km by 33 km.
    let mut along = |range: u64| (scene.below(range) + scene.below(range)) as i32;
    let (estate_row, estate_column) = (along(400), along(400));
    let mut place =
        Dice(mixed(seed ^ 0xe57a7e) ^ (u64::from(estate_row as u32) << 32 | u64::from(estate_column as u32)));
    let estate = format!("{}{}{}", place.one(SURNAMES), place.one(SURNAMES), place.one(ESTATE_TAILS));
    let road = format!("{}{}", place.one(SURNAMES), place.one(ROAD_TAILS));
    let (house, building) = (1 + scene.below(200), 1 + scene.below(30));
    let spot = Spot {
        lat: 22_450_000 + estate_row * 500 + scene.below(1500) as i32 + dice.below(120) as i32,
        lon: 113_800_000 + estate_column * 550 + scene.below(1600) as i32 + dice.below(120) as i32,
    };
    let wherever = match dice.below(3) {
        0 => format!("{road}{house}号"),
        1 => format!("{estate}{building}栋楼下"),
        _ => format!("{road}{house}号{estate}门口"),
    };
    let text = format!(
        "{}{wherever}的{}{}{}{}",
        dice.one(OPENINGS),
        dice.one(things),
        dice.one(troubles),
        if dice.below(3) == 0 { format!(",{}也{}", dice.one(things), dice.one(troubles)) } else { String::new() },
        dice.one(CLOSINGS),
    );
    Made {
        number: n,
        reported_at: 1_700_000_000 + (n * APART) as i64,
        text,
        spot,
        address: format!("{road}{house}号"),
        category,
        requester: format!("{:x}", mixed(dice.below(3_000_000))),
    }
}
