use std::sync::Arc;

use super::*;

fn body(n: usize) -> Vec<u8> {
    let text = format!(
        r#"{{"role":"assistant","content":"step {n} of the plan: call the search tool with query number {}","finish_reason":"stop"}}"#,
        n * 7919
    );
    text.into_bytes()
}

fn trained() -> Vec<u8> {
    let mut trainer = Trainer::default();
    (0..20_000).for_each(|n| trainer.see(&body(n)));
    trainer.train(16 << 10).unwrap()
}

#[test]
fn a_dictionary_makes_small_bodies_smaller_and_is_needed_to_read_them() {
    let dictionary = trained();
    assert_eq!(
        dictionary,
        trained(),
        "the same samples, the same dictionary"
    );
    let mut plain = Codec::new(3).unwrap();
    let mut codec = Codec::new(3).unwrap();
    let dictionary = Arc::new(Dictionary::new(5, dictionary));
    codec.use_dictionary(Arc::clone(&dictionary)).unwrap();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    plain.encode(&body(99_999), &mut without);
    codec.encode(&body(99_999), &mut with);
    assert!(
        with.len() * 2 < without.len(),
        "{} against {}",
        with.len(),
        without.len()
    );
    assert_eq!(codec.decode(&with, 1000).unwrap(), body(99_999));
    assert_eq!(codec.decode(&without, 1000).unwrap(), body(99_999));
    let unknown = plain.decode(&with, 1000);
    assert!(matches!(unknown, Err(PayloadError::UnknownDictionary(5))));
    plain.add(dictionary);
    assert_eq!(plain.decode(&with, 1000).unwrap(), body(99_999));
}

#[test]
fn a_body_over_the_limit_is_not_unpacked() {
    let mut codec = Codec::new(1).unwrap();
    for body in [vec![b'x'; 1 << 20], b"short".to_vec()] {
        let mut stored = Vec::new();
        codec.encode(&body, &mut stored);
        let refused = codec.decode(&stored, body.len() - 1);
        assert!(matches!(refused, Err(PayloadError::TooLarge { .. })));
        assert_eq!(codec.decode(&stored, body.len()).unwrap(), body);
    }
}

#[test]
fn frames_that_were_cut_short_are_refused() {
    let mut codec = Codec::new(1).unwrap();
    let mut stored = Vec::new();
    codec.encode(&vec![b'x'; 1000], &mut stored);
    for end in 0..stored.len() {
        let read = codec.decode(&stored[..end], 1000);
        assert!(matches!(read, Err(PayloadError::Corrupt(_))), "{end}");
    }
}

#[test]
fn the_trainer_keeps_a_mix_of_bounded_size() {
    let mut trainer = Trainer::default();
    for n in 0..100_000 {
        trainer.see(&body(n));
    }
    trainer.see(&vec![b'x'; 100 << 20]);
    assert_eq!(trainer.seen(), 100_001);
    let kept = trainer.sample_bytes();
    assert!((1 << 20..=3 << 20).contains(&kept), "{kept}");
}

#[test]
fn nothing_is_trained_from_nothing() {
    let trained = Trainer::default().train(16 << 10);
    assert!(matches!(
        trained,
        Err(PayloadError::Training { samples: 0, .. })
    ));
}

#[test]
fn a_level_that_does_not_exist_becomes_the_highest() {
    assert!(Codec::new(1_000).is_ok());
}
