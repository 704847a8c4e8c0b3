//! An assignment in words, Chinese and English.

use suban_domain::PersonCode;

use super::{Assignment, Reason, Refused};

/// Millionths of a point as points with a sign and two digits.
fn points(fine: i64) -> String {
    let hundredths = (fine.unsigned_abs() + 5_000) / 10_000;
    let sign = if fine < 0 { "-" } else { "+" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Reason {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Pinned => "已指定经办".to_owned(),
            Self::OnDuty { shift, rank, instead_of: None } => format!("{shift}班{}", rank.zh()),
            Self::OnDuty { shift, rank, instead_of: Some(of) } => format!("代{of}值{shift}班{}", rank.zh()),
            Self::Skilled => "技能相符".to_owned(),
            Self::Local => "片区相符".to_owned(),
            Self::Room { open, capacity: Some(capacity) } => format!("在办{open}件,上限{capacity}件"),
            Self::Room { open, capacity: None } => format!("在办{open}件,不设上限"),
            Self::FairTurn { balance, of } => format!("{of}人中轮到(负荷差{}分)", points(*balance)),
            Self::NobodyForArea => "在班人员均不负责该片区".to_owned(),
            Self::NobodySkilled => "在班人员均无该技能".to_owned(),
            Self::EverybodyFull => "在班人员均已满额".to_owned(),
            Self::NobodyServes { rung } => format!("无人在班,由{}接收", rung.zh()),
        }
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Pinned => "was chosen by a person".to_owned(),
            Self::OnDuty { shift, rank, instead_of: None } => format!("serves {shift} as {rank}"),
            Self::OnDuty { shift, rank, instead_of: Some(of) } => format!("serves {shift} as {rank} for {of}"),
            Self::Skilled => "has the skills".to_owned(),
            Self::Local => "is there for the area".to_owned(),
            Self::Room { open, capacity: Some(capacity) } => format!("has {open} open of at most {capacity}"),
            Self::Room { open, capacity: None } => format!("has {open} open, without a limit"),
            Self::FairTurn { balance, of } => {
                format!("is next of {of} by fair turn ({} points against the own part)", points(*balance))
            }
            Self::NobodyForArea => "nobody who serves and has room is there for the area".to_owned(),
            Self::NobodySkilled => "nobody who serves and has room has the skills".to_owned(),
            Self::EverybodyFull => "everybody who serves is full".to_owned(),
            Self::NobodyServes { rung } => format!("nobody with this job serves; found as {}", rung.en()),
        }
    }
}

impl Refused {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::OtherUnit => "不是本单位人员".to_owned(),
            Self::OnLeave => "请假".to_owned(),
            Self::OffDuty => "不在班".to_owned(),
            Self::Full { open, capacity } => format!("已满额(在办{open}件,上限{capacity}件)"),
            Self::Unskilled => "无该技能".to_owned(),
            Self::OtherArea => "不负责该片区".to_owned(),
            Self::HadMore { balance } => format!("未轮到(负荷差{}分)", points(*balance)),
            Self::NotPinned => "已指定他人".to_owned(),
        }
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::OtherUnit => "is nobody of this unit".to_owned(),
            Self::OnLeave => "is on leave".to_owned(),
            Self::OffDuty => "does not serve then".to_owned(),
            Self::Full { open, capacity } => format!("is full ({open} open of at most {capacity})"),
            Self::Unskilled => "lacks a skill".to_owned(),
            Self::OtherArea => "is there for other areas".to_owned(),
            Self::HadMore { balance } => format!("is not next ({} points against the own part)", points(*balance)),
            Self::NotPinned => "somebody else was chosen".to_owned(),
        }
    }
}

impl Assignment {
    /// In one sentence, in Chinese.
    #[must_use]
    pub fn because_zh(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(Reason::zh).collect();
        let others = self.others(Refused::zh, ":", ";");
        format!(
            "由{}办理:{}{}",
            self.person,
            reasons.join(","),
            if others.is_empty() { String::new() } else { format!("。未选:{others}") }
        )
    }

    /// In one sentence, in English.
    #[must_use]
    pub fn because_en(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(Reason::en).collect();
        let others = self.others(Refused::en, " ", "; ");
        format!(
            "{}: {}{}",
            self.person,
            reasons.join(", "),
            if others.is_empty() { String::new() } else { format!(". Not: {others}") }
        )
    }

    fn others(&self, why: fn(&Refused) -> String, is: &str, and: &str) -> String {
        let line = |(person, refused): &(PersonCode, Refused)| format!("{person}{is}{}", why(refused));
        self.refused.iter().map(line).collect::<Vec<_>>().join(and)
    }
}
