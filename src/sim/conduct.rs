//! How a simulated host's operations go, as an admin says it.
//!
//! In: options' texts. Out: how long operations take, and faults: functions that are to fail, some or all of the time.

use core::str::FromStr;
use core::time::Duration;
use std::io;

use super::calls::CHANGING;
use super::world::World;
use super::world::conduct::{ALWAYS, FAULTS_MAX, Planned};
use super::world::domain::Text;
use crate::xl::sys::LIBXL_ERROR_NAMES;

/// How operations go. The default is at once, and well.
#[derive(Debug, Clone, Default)]
pub struct Conduct {
    /// How long every function takes that libxl can also run in the background (those with an `ao_how`).
    pub latency: Duration,
    /// What fails: at most 16 faults, the first one of a function counts.
    pub faults: Vec<Fault>,
}

/// A function that fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    method: &'static str,
    code: i32,
    probability: f64,
}

impl FromStr for Fault {
    type Err = String;

    /// `METHOD=CODE[:PROBABILITY]`: a function that changes something, without `libxl_`; libxl's name for a code
    /// (`FAIL`) or a number; how often it fails, from 0 to 1 (always, if that is not said).
    fn from_str(text: &str) -> Result<Self, String> {
        let (method, rest) = text.split_once('=').ok_or("METHOD=CODE[:PROBABILITY]")?;
        let (code, probability) = rest.split_once(':').unwrap_or((rest, "1"));
        let method = CHANGING.iter().find(|known| known.strip_prefix("libxl_") == Some(method));
        let method = method.and_then(|name| name.strip_prefix("libxl_")).ok_or("no method that changes something")?;
        let named = LIBXL_ERROR_NAMES.iter().find(|(_, name)| *name == code).map(|&(code, _)| code);
        let code = named.or_else(|| code.parse().ok()).filter(|&code| code != 0);
        let code = code.ok_or("no code of libxl's and no number")?;
        let probability = probability.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        Ok(Self { method, code, probability: probability.ok_or("a probability is a number from 0 to 1")? })
    }
}

impl Conduct {
    /// Makes a host behave so from now on.
    pub(super) fn impose_on(&self, world: &World) -> io::Result<()> {
        if self.faults.len() > FAULTS_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no more than {FAULTS_MAX} faults")));
        }
        let planned: Vec<Planned> = self.faults.iter().map(Fault::planned).collect();
        world.conduct().set(&world.lock()?, self.latency, &planned);
        Ok(())
    }
}

impl Fault {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of ALWAYS, checked above")]
    fn planned(&self) -> Planned {
        let probability = (self.probability * f64::from(ALWAYS)).round() as u32;
        Planned { method: Text::new(self.method), code: self.code, probability }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_method_a_code_and_perhaps_a_probability() {
        let fault = |method, code, probability| Ok(Fault { method, code, probability });
        assert_eq!("domain_pause=FAIL".parse(), fault("domain_pause", -3, 1.0));
        assert_eq!("domain_destroy=-22:0.25".parse(), fault("domain_destroy", -22, 0.25));
        for wrong in [
            "domain_pause",
            "list_domain=FAIL",
            "nothing=FAIL",
            "domain_pause=0",
            "domain_pause=ODD",
            "domain_pause=FAIL:2",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_of_the_calls_fails() {
        let world = World::new(3).unwrap();
        let faults = vec!["domain_pause=FAIL:0.25".parse().unwrap(), "domain_rename=INVAL".parse().unwrap()];
        Conduct { faults, ..Conduct::default() }.impose_on(&world).unwrap();
        let hits = |method| (0..1000).filter(|_| world.conduct().fault(3, method).is_some()).count();
        assert!((150..350).contains(&hits("domain_pause")));
        assert_eq!((hits("domain_rename"), hits("domain_destroy")), (1000, 0));
        assert_eq!(world.conduct().fault(3, "domain_rename"), Some(-6));
    }
}
