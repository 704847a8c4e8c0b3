//! A number and its neighbours: 3栋, 2单元, 负一楼, 502室, 104路公交, A3区, 路灯杆编号 LD-032, `Apt 3`.

use std::collections::BTreeSet;

use super::number::{Number, Written};
use super::{Found, Named, before, begins, behind, ends};

/// Behind a number: a building.
const BUILDINGS: &[&str] = &["号楼", "号栋", "号幢", "栋", "幢"];
/// Behind 栋 in numerals: one counts buildings there, 一栋楼房.
const COUNTED: &[&str] =
    &["楼", "房", "别墅", "住宅", "高层", "建筑", "栋", "幢", "的", "多层", "小高层", "商", "办公", "民", "自建"];
/// Behind 楼: no floor.
const NO_FLOOR_LOU: &[&str] = &["盘", "板", "房", "梯", "宇", "栋", "市", "价", "层", "号"];
/// Behind 层: one counts floors there, or it is a word of its own.
const NO_FLOOR_CENG: &[&str] = &[
    "楼", "高", "建筑", "住", "次", "面", "以", "别", "的", "皮", "级", "层", "房", "电梯", "小", "意思", "左右",
    "洋房",
];
/// Behind a bare number: it is no room.
const NO_ROOM: &[&str] = &[
    "年", "月", "日", "元", "米", "户", "平", "%", ".", "度", "人", "个", "万", "块", "多", "余", "套", "分", "栋",
    "路", "家", "名", "m", "/", "以", "楼", "层", "-", "~", "至", "到",
];
/// Behind a number and 路: no line runs there.
const NO_LINE: &[&str] = &["口", "灯", "面", "段", "边", "人", "程", "过", "由", "上", "径", "费", "障", "道"];
/// What one rides, behind 104路.
const RIDES: &[&str] = &["公交车", "公交", "公汽", "巴士", "公共汽车", "车", "专线"];
/// Before 路 that is numbered: it is a road.
const NUMBERED_ROADS: &[&str] = &["经", "纬"];
/// Behind a number: a highway.
const HIGHWAYS: &[&str] = &["国道", "省道", "县道", "乡道"];
/// Posts, behind 12号 and before 编号.
const POLES: &[&str] = &["路灯杆", "灯杆", "电线杆", "电杆", "路灯", "线杆", "杆", "pole"];
/// Covers, behind 12号 and before 编号.
const MANHOLES: &[&str] = &["井盖", "窨井", "检查井", "雨水井", "污水井", "沙井盖", "沙井", "manhole cover", "manhole"];
/// Between the thing and its code.
const LABELS: &[&str] = &["编号", "编码", "号码", "号", "id", "number", "num", "no"];
/// Most bytes that a code has.
const LONGEST_CODE: usize = 24;
/// Fewest digits of a number that stands bare behind a building.
const ROOM_DIGITS: std::ops::RangeInclusive<usize> = 3..=4;
/// Highest floor that is one.
const HIGHEST: u32 = 130;

/// English words before a number.
const BEFORE: &[(&str, Named)] = &[
    ("apt", Named::Room),
    ("apartment", Named::Room),
    ("unit", Named::Room),
    ("suite", Named::Room),
    ("ste", Named::Room),
    ("room", Named::Room),
    ("floor", Named::Floor),
    ("building", Named::Building),
    ("bldg", Named::Building),
    ("block", Named::Building),
    ("blk", Named::Building),
    ("tower", Named::Building),
    ("route", Named::BusLine),
    ("bus", Named::BusLine),
];

/// Adds what the numbers of a folded text name. `found` holds the names already: a house number stands behind a road.
pub(super) fn things(text: &str, numbers: &[Number], found: &mut Vec<Found>) {
    let mut fronts: Vec<usize> = found
        .iter()
        .filter(|f| matches!(f.named, Named::Road | Named::Locality | Named::Estate))
        .map(|f| f.range.end)
        .collect();
    fronts.sort_unstable();
    // Where a building, unit or floor ended last: a bare number may follow it.
    let mut inside_until = usize::MAX;
    for (i, number) in numbers.iter().enumerate() {
        let thing = chinese(text, number, inside_until)
            .or_else(|| house(text, numbers, i, &fronts))
            .or_else(|| english(text, number));
        if let Some(thing) = thing {
            if matches!(thing.named, Named::Building | Named::Unit | Named::Floor) {
                inside_until = thing.range.end;
            }
            found.push(thing);
        }
    }
    labelled(text, POLES, Named::Pole, found);
    labelled(text, MANHOLES, Named::Manhole, found);
}

fn chinese(text: &str, n: &Number, inside_until: usize) -> Option<Found> {
    let (start, end) = (n.range.start, n.range.end);
    let rest = behind(text, end);
    let front = before(text, start);
    let is = |named, tail: usize| Some(Found { named, range: start..end + tail, name: n.spelled(text) });
    let counts = n.value.is_some() || n.written == Written::Letter;
    if let Some(word) = begins(rest, BUILDINGS).filter(|_| counts) {
        let tail = behind(rest, word.len());
        let counted = n.written == Written::Numerals
            && (front.ends_with('每') || !word.starts_with('号') && begins(tail, COUNTED).is_some());
        return if counted { None } else { is(Named::Building, word.len()) };
    }
    if n.written == Written::Letter {
        return match rest.chars().next() {
            Some('座') => is(Named::Building, '座'.len_utf8()),
            Some(c @ ('市' | '县')) => code(text, n, c),
            Some(_) | None => None,
        };
    }
    if rest.starts_with("单元") && n.value.is_some() {
        return is(Named::Unit, "单元".len());
    }
    if let Some(found) = floor(text, n) {
        return Some(found);
    }
    if n.written == Written::Digits {
        let lettered = text.as_bytes().get(start).is_some_and(u8::is_ascii_alphabetic);
        if lettered
            && n.digits <= 2
            && let Some(c @ ('市' | '区' | '县')) = rest.chars().next()
            && !rest.starts_with("区域")
        {
            return code(text, n, c);
        }
        if ROOM_DIGITS.contains(&n.digits) {
            if let Some(word) = begins(rest, &["号房", "室", "房"])
                && begins(behind(rest, word.len()), &["内", "外", "友", "子", "屋", "产", "价", "源"]).is_none()
            {
                return is(Named::Room, word.len());
            }
            if start == inside_until && begins(rest, NO_ROOM).is_none() {
                return is(Named::Room, if rest.starts_with('号') { '号'.len_utf8() } else { 0 });
            }
        }
        if let Some(word) = begins(rest, HIGHWAYS) {
            return Some(Found::named(Named::Road, start..end + word.len(), text));
        }
        if let Some(word) = ends(front, HIGHWAYS) {
            return Some(Found::named(Named::Road, start - word.len()..end, text));
        }
        let numbered = begins(rest, &["号"]).map_or("", |_| behind(rest, '号'.len_utf8()));
        for (words, named) in [(POLES, Named::Pole), (MANHOLES, Named::Manhole)] {
            if let Some(word) = begins(numbered, words) {
                return is(named, '号'.len_utf8() + word.len());
            }
        }
    }
    line(text, n)
}

fn floor(text: &str, n: &Number) -> Option<Found> {
    let (mut start, end) = (n.range.start, n.range.end);
    let rest = behind(text, end);
    let tail = match rest.chars().next()? {
        c @ '楼' if begins(behind(rest, c.len_utf8()), NO_FLOOR_LOU).is_none() => c.len_utf8(),
        c @ '层' if begins(behind(rest, c.len_utf8()), NO_FLOOR_CENG).is_none() => c.len_utf8(),
        _ => return None,
    };
    let value = n.value.filter(|v| (1..=HIGHEST).contains(v))?;
    let mut name = value.to_string();
    let front = before(text, start);
    if front.ends_with('负') {
        start -= '负'.len_utf8();
        name.insert(0, '-');
    } else if ends(front, &["几", "每", "多", "号", "这", "那", "哪", "共", "高"]).is_some() {
        return None;
    }
    Some(Found { named: Named::Floor, range: start..end + tail, name })
}

fn line(text: &str, n: &Number) -> Option<Found> {
    let (start, end) = (n.range.start, n.range.end);
    let (front, rest) = (before(text, start), behind(text, end));
    if rest.starts_with("号线") && n.value.is_some() {
        let metro = ends(front, &["地铁", "轻轨", "磁浮", "轨道交通"]).map_or(0, str::len);
        let name = format!("{}号线", n.spelled(text));
        return Some(Found { named: Named::BusLine, range: start - metro..end + "号线".len(), name });
    }
    let behind_road = rest.strip_prefix('路')?;
    let value = n.value.filter(|v| (1..=999).contains(v))?;
    if let Some(word) = ends(front, NUMBERED_ROADS) {
        return Some(Found::named(Named::Road, start - word.len()..end + '路'.len_utf8(), text));
    }
    let rides = begins(behind_road, RIDES);
    let ridden = rides.is_some() || ends(front, &["公交", "公交车", "乘坐", "乘", "线路", "、"]).is_some();
    // 一路 and 五路 are words or roads unless one rides them.
    let is_line = match n.written {
        Written::Digits => begins(behind_road, NO_LINE).is_none(),
        Written::Numerals => ridden && value > 1,
        Written::Letter => false,
    };
    let tail = '路'.len_utf8() + rides.map_or(0, str::len);
    is_line.then(|| Found { named: Named::BusLine, range: start..end + tail, name: format!("{}路", n.spelled(text)) })
}

/// `A3区`, unless it stands inside a longer name of letters.
fn code(text: &str, n: &Number, word: char) -> Option<Found> {
    let range = n.range.start..n.range.end + word.len_utf8();
    let name = text.get(range.clone())?.to_ascii_uppercase();
    Some(Found { named: Named::AreaCode, range, name })
}

/// 188号, 188-3号 right behind a road, an estate or a village.
fn house(text: &str, numbers: &[Number], i: usize, fronts: &[usize]) -> Option<Found> {
    let n = numbers.get(i)?;
    if n.written != Written::Digits || !(1..=5).contains(&n.digits) {
        return None;
    }
    let rest = behind(text, n.range.end).strip_prefix('号')?;
    if begins(rest, &["线", "楼", "栋", "幢", "院线"]).is_some() {
        return None;
    }
    let start = match i.checked_sub(1).and_then(|p| numbers.get(p)) {
        Some(p) if text.get(p.range.end..n.range.start) == Some("-") => p.range.start,
        Some(_) | None => n.range.start,
    };
    fronts.binary_search(&start).ok()?;
    let name = text.get(start..n.range.end)?.to_owned();
    Some(Found { named: Named::HouseNumber, range: start..n.range.end + '号'.len_utf8(), name })
}

fn english(text: &str, n: &Number) -> Option<Found> {
    if n.written == Written::Numerals || n.digits > 5 {
        return None;
    }
    let (start, end) = (n.range.start, n.range.end);
    let front = before(text, start);
    let near = front.trim_end_matches([' ', '.', '#']);
    // A word two lines away is no neighbour.
    let near = if front.len() - near.len() > 3 { "" } else { near };
    let word_at = near.len() - near.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let word = behind(near, word_at);
    let glued = before(near, word_at).ends_with(|c: char| c.is_ascii_digit());
    if !glued && let Some((_, named)) = BEFORE.iter().find(|(w, _)| *w == word) {
        // A letter alone is an article or an apartment: `Apt B`, never `unit a`.
        if n.written == Written::Letter && (*named == Named::BusLine || n.spelled(text) == "a") {
            return None;
        }
        let name = if *named == Named::BusLine { format!("{word} {}", n.spelled(text)) } else { n.spelled(text) };
        return Some(Found { named: *named, range: word_at..end, name });
    }
    None
}

/// `路灯杆编号：LD-032`, `pole #123`: the thing, a label, the code.
fn labelled(text: &str, things: &[&str], named: Named, found: &mut Vec<Found>) {
    // 路灯杆 holds 灯杆, which holds 杆: the first to reach a code has it.
    let mut taken = BTreeSet::new();
    for thing in things {
        for (at, _) in text.match_indices(thing) {
            let mut end = at + thing.len();
            let mut labelled = false;
            loop {
                let rest = behind(text, end);
                if let Some(label) = begins(rest, LABELS) {
                    labelled = true;
                    end += label.len();
                } else if let Some(c) = rest.chars().next().filter(|c| matches!(c, ' ' | ':' | '#' | '.' | '为' | '是'))
                {
                    labelled |= matches!(c, ':' | '#');
                    end += c.len_utf8();
                } else {
                    break;
                }
                if end - at > thing.len() + LONGEST_CODE {
                    break;
                }
            }
            let code: String = behind(text, end)
                .chars()
                .take(LONGEST_CODE)
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            let code = code.trim_end_matches('-');
            // `pole 12` is a number; `12 poles` and 路灯12盏 are not.
            let bare_english = thing.is_ascii() && behind(text, at + thing.len()).starts_with(' ');
            let has_digit = code.bytes().any(|b| b.is_ascii_digit());
            let told = labelled || bare_english && code.starts_with(|c: char| c.is_ascii_digit());
            if has_digit && told && taken.insert(end) {
                found.push(Found { named, range: at..end + code.len(), name: code.to_owned() });
            }
        }
    }
}
