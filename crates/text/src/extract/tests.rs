use proptest::prelude::*;

use super::*;

/// `kind name` of every mention.
fn found(text: &str) -> Vec<String> {
    extract(text).mentions.iter().map(|m| format!("{} {}", m.named.code(), m.name)).collect()
}

fn only(named: Named, text: &str) -> Vec<String> {
    extract(text).of(named).map(|m| m.name.clone()).collect()
}

#[test]
fn an_address_in_chinese_is_read_to_the_room() {
    assert_eq!(
        found("家住海湾街道明珠路188号望潮花园三栋二单元十八楼1802室"),
        [
            "locality 海湾街道",
            "road 明珠路",
            "house_number 188",
            "estate 望潮花园",
            "building 3",
            "unit 2",
            "floor 18",
            "room 1802",
        ]
    );
    assert_eq!(found("碧水湾小区G2栋320有人开麻将馆"), ["estate 碧水湾小区", "building g2", "room 320"]);
}

#[test]
fn a_name_before_a_block_or_a_phase_is_an_estate() {
    assert_eq!(only(Named::Estate, "我是云湖玫瑰二期的业主"), ["云湖玫瑰"]);
    assert_eq!(only(Named::Estate, "松岭区明珠路春天印象3栋"), ["春天印象"]);
    assert_eq!(only(Named::Estate, "住在3栋，这3栋楼都漏水"), Vec::<String>::new());
}

#[test]
fn a_name_without_a_name_is_none() {
    for text in [
        "马路上很多车",
        "这条路坏了",
        "附近小区的居民",
        "我们小区门口",
        "路灯不亮，路面破损",
        "十字路口没有红绿灯",
        "一楼盘烂尾",
        "孩子上小学，姐姐是大学生",
        "乡村公路",
        "物业公司不作为",
        "两栋楼之间",
        "房地产公司",
        "一栋楼房",
        "There is a dirty street, please help",
        "the street light is out",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn borders_stand_where_names_may_not_go_on() {
    assert_eq!(only(Named::Road, "滨海路和人民路交汇处"), ["滨海路", "人民路"]);
    assert_eq!(only(Named::Road, "和平路与向阳路"), ["和平路", "向阳路"]);
    assert_eq!(only(Named::Road, "关于建设路的问题"), ["建设路"]);
    assert_eq!(only(Named::Locality, "住新开铺街道"), ["新开铺街道"]);
    assert_eq!(only(Named::School, "潮音路小学门口"), ["潮音路小学"]);
    assert_eq!(only(Named::Road, "潮音路小学门口"), Vec::<String>::new());
    assert_eq!(only(Named::Company, "投诉鑫源物业乱收费"), ["鑫源物业"]);
    assert_eq!(only(Named::Hospital, "在第一人民医院看病"), ["第一人民医院"]);
    assert_eq!(only(Named::Site, "中海项目夜间施工"), ["中海项目"]);
}

#[test]
fn lines_posts_and_covers() {
    assert_eq!(only(Named::BusLine, "104路公交车和地铁6号线"), ["104路", "6号线"]);
    assert_eq!(only(Named::Pole, "路灯杆编号：LD-0032不亮"), ["ld-0032"]);
    assert_eq!(only(Named::Pole, "12号灯杆倾斜，路灯12盏"), ["12"]);
    assert_eq!(only(Named::Manhole, "井盖编号YS1203松动"), ["ys1203"]);
    assert_eq!(only(Named::Pole, "pole #123 and pole 45 are broken, 3 poles"), ["123", "45"]);
    assert_eq!(only(Named::Road, "107国道边，经3路"), ["107国道", "经3路"]);
}

#[test]
fn masked_areas_are_read_whole() {
    assert_eq!(only(Named::AreaCode, "A市A3区和M9县，Ａ７县；小区A区停车场，EA3区"), ["A市", "A3区", "M9县", "A7县"]);
}

#[test]
fn addresses_in_english() {
    assert_eq!(found("Pothole at 12 main st, apt 3"), ["house_number 12", "road main st", "room 3"]);
    assert_eq!(found("Noise at 12-14 Main St Apt. 3B"), ["house_number 12-14", "road main st", "room 3b"]);
    assert_eq!(only(Named::Road, "The light at the corner of Oak St and Elm Avenue is out"), ["oak st", "elm avenue"]);
    assert_eq!(only(Named::Road, "corner of Tremont and Boylston, smell of gas"), ["tremont", "boylston"]);
    assert_eq!(found("Graffiti behind Lincoln School on Loom Lane"), ["school lincoln school", "road loom lane"]);
    assert_eq!(only(Named::BusLine, "route 39 never comes"), ["route 39"]);
}

#[test]
fn times_are_coarse() {
    let read = |text: &str| {
        extract(text)
            .times
            .iter()
            .map(|t| {
                let mut said = String::new();
                for (is, c) in [(t.night, 'n'), (t.day, 'd'), (t.repeats, 'r'), (t.since, 's')] {
                    if is {
                        said.push(c);
                    }
                }
                said
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(read("昨晚22点施工"), ["n"]);
    assert_eq!(read("晚上8点还在跳舞"), ["d"]);
    assert_eq!(read("每天凌晨都有车"), ["nr"]);
    assert_eq!(read("每天晚上10点到凌晨5点施工"), ["nr"]);
    assert_eq!(read("上午9点到下午3点停电"), ["d"]);
    assert_eq!(read("从去年开始漏水，已经三个月了"), ["s", "s"]);
    assert_eq!(read("路灯有点暗，一点小问题，5点建议"), Vec::<String>::new());
    assert_eq!(read("Loud music last night until 11:30 pm"), ["n", "n"]);
    assert_eq!(read("It happens every night since March"), ["nrs"]);
}

#[test]
fn a_room_is_not_printed_by_a_log() {
    let said = format!("{:?}", extract("望潮花园3栋1802室").mentions);
    assert!(!said.contains("1802") && said.contains("望潮花园"), "{said}");
}

#[test]
fn the_cost_grows_with_the_length_alone() {
    // Shapes that would be dear if a hit looked far around itself.
    for hard in [
        "路",
        "一",
        "1栋",
        "小区",
        "a ",
        "1 ",
        "corner of ",
        "灯杆编号",
        "A",
        "12 a st ",
        "每天晚上",
        ":",
        "期",
        "pole ",
    ] {
        let text = hard.repeat(20_000 / hard.len());
        assert!(extract(&text).mentions.len() <= text.len());
    }
}

fn full_width(text: &str) -> String {
    let wide = |c: char| match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap(),
        _ => c,
    };
    text.chars().map(wide).collect()
}

type Mentioned = (Named, usize, usize, String);

/// Mentions and times with ranges in characters, so that widths can be compared.
fn in_characters(text: &str) -> (Vec<Mentioned>, Vec<(usize, usize, bool)>) {
    let said = extract(text);
    let at = |byte: usize| text[..byte].chars().count();
    (
        said.mentions.iter().map(|m| (m.named, at(m.range.start), at(m.range.end), m.name.clone())).collect(),
        said.times.iter().map(|t| (at(t.range.start), at(t.range.end), t.night)).collect(),
    )
}

fn bits() -> impl Strategy<Value = String> {
    let bit = proptest::sample::select(vec![
        "A市",
        "A3区",
        "明珠",
        "路",
        "小区",
        "花园",
        "12",
        "3",
        "栋",
        "单元",
        "号",
        "楼",
        "室",
        "一",
        "十八",
        "的",
        "在",
        "每天",
        "晚上",
        "10点",
        " ",
        "12 Main St",
        "Oak",
        "and",
        "corner of ",
        "pole #",
        "😀",
        "。",
        "负",
        "灯杆编号",
        "é",
        "國",
        "—",
        "\u{200d}",
        "第",
        "期",
        "公交",
        ":30",
        "pm",
        "-",
        "\n",
    ]);
    proptest::collection::vec(bit, 0..30).prop_map(|bits| bits.concat())
}

proptest! {
    #[test]
    fn ranges_lie_inside_and_on_borders(text in prop_oneof!["\\PC*", bits()]) {
        let said = extract(&text);
        for range in said.mentions.iter().map(|m| &m.range).chain(said.times.iter().map(|t| &t.range)) {
            prop_assert!(text.get(range.clone()).is_some_and(|s| !s.is_empty()), "{range:?} of {text:?}");
        }
        prop_assert!(said.mentions.is_sorted_by_key(|m| m.range.start));
    }

    #[test]
    fn the_width_of_the_typing_changes_nothing(text in prop_oneof!["[ -~\\u{4e00}-\\u{4e80}路街区栋号]{0,40}", bits()]) {
        prop_assert_eq!(in_characters(&text), in_characters(&full_width(&text)));
    }
}
