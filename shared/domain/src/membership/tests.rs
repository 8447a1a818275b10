use super::*;
use crate::fixtures::{self, DAY, OPERATOR, at};
use proptest::prelude::*;

fn spec(send: bool) -> InvitationSpec {
    InvitationSpec { send, ..fixtures::spec("ada@example.com", "sales_rep") }
}

fn invited(send: bool) -> Membership {
    fixtures::invited(spec(send))
}

fn in_state(state: State) -> Membership {
    Membership { state, ..invited(true) }
}

/// Every state × every transition: allowed, or the reason why not.
#[test]
fn each_state_allows_its_own_transitions() {
    use TransitionError::{AlreadyAccepted, Deactivated, Expired, Held, NotAMember, Revoked};
    let now = at(10);
    let open = State::Pending { expires_at: at(11) };
    let over = State::Pending { expires_at: at(10) };
    let expired = State::Expired { expired_at: at(5) };
    let revoked = State::Revoked { revoked_at: at(5) };
    let active = State::Active { joined_at: at(5) };
    let deactivated = State::Deactivated { joined_at: at(5), deactivated_at: at(6) };
    // (state, send, accept, revoke, edit, deactivate, reactivate)
    let table = [
        (State::Held, Ok(()), Err(Held), Ok(()), Ok(()), Err(NotAMember), Err(NotAMember)),
        (open, Ok(()), Ok(()), Ok(()), Ok(()), Err(NotAMember), Err(NotAMember)),
        (over, Ok(()), Err(Expired), Ok(()), Err(Expired), Err(NotAMember), Err(NotAMember)),
        (expired, Ok(()), Err(Expired), Ok(()), Err(Expired), Err(NotAMember), Err(NotAMember)),
        (revoked, Ok(()), Err(Revoked), Ok(()), Err(Revoked), Err(NotAMember), Err(NotAMember)),
        (
            active,
            Err(AlreadyAccepted),
            Err(AlreadyAccepted),
            Err(AlreadyAccepted),
            Err(AlreadyAccepted),
            Ok(()),
            Ok(()),
        ),
        (deactivated, Err(Deactivated), Err(Deactivated), Err(AlreadyAccepted), Err(AlreadyAccepted), Ok(()), Ok(())),
    ];
    for (state, send, accept, revoke, edit, deactivate, reactivate) in table {
        let member = || in_state(state);
        assert_eq!(member().send(DAY, now).map(drop), send, "send {state:?}");
        assert_eq!(member().accept(now).map(drop), accept, "accept {state:?}");
        assert_eq!(member().revoke(now).map(drop), revoke, "revoke {state:?}");
        assert_eq!(member().edit(spec(true), now).map(drop), edit, "edit {state:?}");
        assert_eq!(member().deactivate(now).map(drop), deactivate, "deactivate {state:?}");
        assert_eq!(member().reactivate().map(drop), reactivate, "reactivate {state:?}");
    }
}

#[test]
fn an_expired_invitation_can_be_resent_with_the_full_duration() {
    let expired = invited(true).expire(at(86_400)).expect("it expired");
    assert_eq!(expired.status(at(86_400)), Status::Expired);
    let resent = expired.send(DAY, at(100_000)).expect("resend works");
    assert_eq!(resent.generation, 2);
    assert_eq!(resent.expires_at(), Some(at(186_400)));
    assert_eq!(resent.mail.as_ref().map(|mail| mail.state), Some(crate::MailState::Queued));
}

#[test]
fn an_edit_keeps_the_address_and_a_new_invitation_has_the_new_details() {
    let entitlements =
        Entitlements { role: "manager".into(), team: Some("t1".into()), products: [].into(), courses: [].into() };
    let wanted = InvitationSpec {
        email: "other@example.com".parse().expect("an address"),
        name: PersonName { full: "Ada".parse().ok(), ..PersonName::default() },
        job_title: "VP, Sales".parse().ok(),
        entitlements: entitlements.into(),
        send: true,
    };
    let what = |member: &Membership| (member.name.clone(), member.job_title.clone(), member.entitlements.clone());
    let expected = (wanted.name.clone(), wanted.job_title.clone(), Entitlements::clone(&wanted.entitlements));
    let edited = invited(true).edit(wanted.clone(), at(1)).expect("it is open");
    assert_eq!((edited.email.canonical(), what(&edited)), ("ada@example.com", expected.clone()));
    let revoked = invited(true).revoke(at(1)).expect("it is open");
    let again = revoked.invite_again(wanted, OPERATOR, DAY, at(2)).expect("it ended");
    assert_eq!(what(&again), expected);
}

#[test]
fn an_import_is_remembered_through_later_invitations() {
    let import = |number: u128| ImportId::from_parts(u64::try_from(number).expect("small"), number);
    let again = |member: Membership, import| {
        let origin = Origin { invited_by: None, import, reservation: None };
        member.revoke(at(1)).expect("it is open").invite_again(spec(true), origin, DAY, at(2)).expect("it ended")
    };
    let mut member = again(again(invited(true), Some(import(1))), None);
    assert_eq!((member.import, member.came_with(import(1))), (Some(import(1)), true));
    member = again(again(member, Some(import(2))), Some(import(2)));
    assert_eq!((member.import, member.earlier_imports.len()), (Some(import(2)), 1));
    assert!(member.came_with(import(1)) && member.came_with(import(2)) && !member.came_with(import(3)));
    for number in 3..100 {
        member = again(member, Some(import(number)));
    }
    assert!(member.earlier_imports.len() == EARLIER_IMPORTS && member.came_with(import(98)), "memory is bounded");
    // An import that was announced early and sent late.
    member = again(again(member, Some(import(3))), Some(import(100)));
    assert!(member.came_with(import(3)) && member.came_with(import(100)) && !member.came_with(import(91)));
}

#[test]
fn the_clock_alone_ends_an_invitation() {
    let pending = invited(true);
    assert_eq!(pending.status(at(86_399)), Status::Pending);
    assert_eq!(pending.status(at(86_400)), Status::Expired);
    assert_eq!(pending.accept(at(86_400)), Err(TransitionError::Expired));
}

#[test]
fn a_new_invitation_after_revocation_does_not_revive_old_links() {
    let revoked = invited(true).revoke(at(1)).expect("revoke");
    let again = revoked.clone().invite_again(spec(true), OPERATOR, DAY, at(2)).expect("invite again");
    assert_eq!(again.generation, 2);
    let held = revoked.invite_again(spec(false), OPERATOR, DAY, at(2)).expect("hold");
    assert_eq!((held.state, held.generation), (State::Held, 1));
    assert_eq!(held.send(DAY, at(3)).expect("send").generation, 2);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Send,
    Accept,
    Revoke,
    Expire,
    Deactivate,
    Reactivate,
}

proptest! {
    /// In every order of transitions: generations never decrease, nobody accepts twice, and a person who joined stays a
    /// member.
    #[test]
    fn no_order_of_transitions_breaks_the_rules(steps in prop::collection::vec((prop_oneof![
        Just(Step::Send), Just(Step::Accept), Just(Step::Revoke), Just(Step::Expire), Just(Step::Deactivate),
        Just(Step::Reactivate)], 0i64..200_000), 0..40)) {
        let mut member = invited(true);
        let mut now = 0;
        let mut accepted = 0;
        for (step, seconds) in steps {
            now += seconds;
            let before = member.clone();
            let after = match step {
                Step::Send => member.clone().send(DAY, at(now)).ok(),
                Step::Accept => member.clone().accept(at(now)).ok(),
                Step::Revoke => member.clone().revoke(at(now)).ok(),
                Step::Expire => member.clone().expire(at(now)),
                Step::Deactivate => member.clone().deactivate(at(now)).ok(),
                Step::Reactivate => member.clone().reactivate().ok(),
            };
            if let Some(after) = after {
                accepted += u32::from(matches!(step, Step::Accept));
                prop_assert!(after.generation >= before.generation);
                if before.joined_at().is_some() {
                    prop_assert_eq!(after.joined_at(), before.joined_at());
                }
                member = after;
            }
        }
        prop_assert!(accepted <= 1);
        prop_assert_eq!(accepted == 1, member.joined_at().is_some());
    }
}
