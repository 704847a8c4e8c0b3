//! What must go, what must stay, and what holds for every text.

use super::*;
use crate::phone::normalise;
use proptest::prelude::*;

fn own() -> OwnValues {
    OwnValues {
        name: Some("张晓梅".into()),
        phone: normalise("13912345678"),
        address: Some("云州市临港区海湾街道明珠路18号3栋502".into()),
    }
}

fn masked(text: &str) -> String {
    mask(text, &own()).text
}

fn plain(text: &str) -> String {
    mask(text, &OwnValues::default()).text
}

#[test]
fn numbers_in_every_spelling_go() {
    for text in [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "+86-138-1234-5678",
        "8613812345678",
        "１３８１２３４５６７８",
        "１３８－１２３４－５６７８",
        "0755-83123456",
        "(0755)83123456",
        "0755 8312 3456",
        "01062345678",
        "一三八一二三四五六七八",
        "①③8①2345678",
        "+852 5123 4567",
        "(617) 555-0123",
        "617-555-0123",
        "+1 617 555 0123",
        "1 3 8 1 2 3 4 5 6 7 8",
        "138.1234.5678",
    ] {
        assert_eq!(plain(&format!("请回{text}，急")), "请回[电话]，急", "{text}");
    }
    assert_eq!(plain("座机83123456"), "座机[电话]");
    assert_eq!(plain("13812345678、13912345679"), "[电话]、[电话]");
    assert_eq!(plain("13812345678 13912345679"), "[电话] [电话]");
}

#[test]
fn cards_and_mail_go() {
    assert_eq!(plain("身份证11010519491231002X。"), "身份证[证件]。");
    assert_eq!(plain("11010519491231002x"), "[证件]");
    assert_eq!(plain("身份证 110105 19491231 002X"), "身份证 [证件]");
    assert_eq!(plain("旧证130503670401001"), "旧证[证件]");
    assert_eq!(plain("卡号6222 0212 3456 7890 128"), "卡号[银行卡]");
    assert_eq!(plain("卡号6222021234567890128"), "卡号[银行卡]");
    assert_eq!(plain("单号6222021234567890129"), "单号6222021234567890129");
    assert_eq!(plain("4111 1111 1111 1111"), "[银行卡]");
    assert_eq!(plain("邮箱zhang.san@example.com，谢谢"), "邮箱[邮箱]，谢谢");
    assert_eq!(plain("ｚｓ＠ｅｘａｍｐｌｅ．ｃｏｍ"), "[邮箱]");
}

#[test]
fn what_is_no_personal_data_stays() {
    for text in [
        "工单号20190605123045、车牌云A12345",
        "2019-06-05 12:30:45",
        "拨打12345和110",
        "客服热线400-812-3456",
        "100米，3栋502",
        "坐标113.94561234，22.53411234",
        "身份证号码110105194912310021",
        "编号2019060512",
        "罚款2000元，2018年6月1日起",
        "1990-01-01 123",
        "每天6:30-22:00",
        "a@b",
        "张先生",
    ] {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn the_requesters_own_values_go() {
    assert_eq!(masked("我叫张晓梅，住在明珠路18号3栋502"), "我叫[姓名]，住在[住址]");
    assert_eq!(masked("張曉梅 / 张 晓 梅"), "[姓名] / [姓名]");
    assert_eq!(masked("张女士来电，张阿姨很急，李女士不急"), "[姓名]来电，[姓名]很急，李女士不急");
    assert_eq!(masked("编号13912345678302"), "编号[电话]302");
    assert_eq!(masked("云州市临港区海湾街道明珠路18号3栋502室"), "[住址]室");
    assert_eq!(masked("明珠路18号，3栋 502"), "[住址]");
    assert_eq!(masked("明珠路积水，18号线"), "明珠路积水，18号线");
}

#[test]
fn english_names_and_addresses_go() {
    let own = OwnValues {
        name: Some("Maria Lopez".into()),
        phone: normalise("617 555 0123"),
        address: Some("12 Elm Street, Apt 5".into()),
    };
    let text = mask("Ms. Lopez (MARIA LOPEZ) of 12 elm street, apt 5, call 6175550123; Lopezville stays", &own).text;
    assert_eq!(text, "[姓名] ([姓名]) of [住址], call [电话]; Lopezville stays");
}

#[test]
fn hyphens_and_apostrophes_belong_to_a_name() {
    let own = OwnValues { name: Some("Anne-Marie O'Neil".into()), ..OwnValues::default() };
    assert_eq!(mask("Anne Marie O’Neil, Mrs O'Neil", &own).text, "[姓名], [姓名]");
}

#[test]
fn a_made_up_name_blanks_no_ordinary_word() {
    let own = OwnValues { name: Some("市民".into()), ..OwnValues::default() };
    assert_eq!(mask("市民反映", &own).text, "市民反映");
}

#[test]
fn several_people_are_masked_at_once() {
    let people = [own(), OwnValues { name: Some("李建国".into()), ..OwnValues::default() }];
    assert_eq!(mask_for("已答复张女士和李先生", &people).text, "已答复[姓名]和[姓名]");
}

#[test]
fn a_name_that_is_the_word_of_a_tag_ends() {
    let own = OwnValues { name: Some("电话".into()), ..OwnValues::default() };
    assert_eq!(mask("电话13812345678", &own).text, "[姓名][电话]");
}

#[test]
fn debug_hides_the_values() {
    assert_eq!(format!("{:?}", own()), "OwnValues { name: …, phone: …, address: … }");
}

fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "[0-9０-９ +()Xx.-]{0,60}",
        "[0-9一二三四五六七八九零幺张晓梅女士先生明珠路号栋\\[\\]电话姓名 @a-z.]{0,60}",
    ]
}

fn somebody() -> impl Strategy<Value = OwnValues> {
    (
        proptest::option::of("[张欧阳电话姓名a-cA-C ]{0,5}"),
        proptest::option::of("1[3-9][0-9]{9}|0755[2-8][0-9]{7}"),
        proptest::option::of("[明珠路号栋0-9 ,电话a-c]{0,14}"),
    )
        .prop_map(|(name, phone, address)| OwnValues { name, phone: phone.and_then(|p| normalise(&p)), address })
}

proptest! {
    #[test]
    fn masking_twice_is_masking_once(text in anything(), own in somebody()) {
        let once = mask(&text, &own);
        let twice = mask(&once.text, &own);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.hits.is_empty());
    }

    #[test]
    fn a_text_at_most_doubles(text in anything(), own in somebody()) {
        let chars = |s: &str| s.chars().count();
        prop_assert!(chars(&mask(&text, &own).text) <= 2 * chars(&text));
    }

    #[test]
    fn a_text_without_hits_is_untouched(text in anything(), own in somebody()) {
        let masked = mask(&text, &own);
        prop_assert_eq!(masked.hits.is_empty(), masked.text == text);
    }

    #[test]
    fn a_mobile_never_survives(before in "[\\p{Han}a-z，。]{0,8}", number in "1[3-9][0-9]{9}", after in "[\\p{Han}a-z，。]{0,8}") {
        let out = plain(&format!("{before}{number}{after}"));
        prop_assert!(!out.contains(&number));
        prop_assert!(out.starts_with(&before) || before.ends_with(char::is_alphanumeric));
    }

    #[test]
    fn the_own_number_never_survives(noise in "[0-9 -]{0,12}", more in "[0-9 -]{0,12}") {
        let out = masked(&format!("{noise}13912345678{more}"));
        prop_assert!(!out.contains("13912345678"));
    }
}
