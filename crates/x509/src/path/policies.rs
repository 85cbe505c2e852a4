//! Certificate policies as a graph (RFC 5280 §6.1.2–6.1.6 as RFC 9618 §5 rewrites them).
//!
//! The tree of RFC 5280 grows exponentially with crafted mappings. In the graph a policy is one node of its depth
//! however many paths lead to it, so that work is linear in the policies and mappings that were written.

use super::{PathError, PathPolicy};
use crate::certificate::Certificate;
use crate::extension::constraint::Constraints;
use const_oid::ObjectIdentifier;
use std::collections::{BTreeMap, BTreeSet};

/// anyPolicy (RFC 5280 §4.2.1.4).
pub const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

/// A node of one depth; its valid_policy is the key under which it lies.
struct Node {
    expected_policy_set: BTreeSet<ObjectIdentifier>,
    /// valid_policy of its parents, one depth above.
    parents: BTreeSet<ObjectIdentifier>,
}

type Depth = BTreeMap<ObjectIdentifier, Node>;

/// The state variables of §6.1.2 that concern policies.
pub(super) struct Policies {
    /// valid_policy_graph by depth, the anchor's first; `None` is NULL.
    graph: Option<Vec<Depth>>,
    explicit_policy: usize,
    policy_mapping: usize,
    inhibit_any_policy: usize,
    limit: usize,
}

impl Policies {
    /// §6.1.2 (a), (d), (e), (f) for a path of `len` certificates.
    pub(super) fn new(policy: &PathPolicy, len: usize) -> Self {
        let skip = |now| if now { 0 } else { len.saturating_add(1) };
        let any =
            Node { expected_policy_set: BTreeSet::from([ANY_POLICY]), parents: BTreeSet::new() };
        Self {
            graph: Some(vec![BTreeMap::from([(ANY_POLICY, any)])]),
            explicit_policy: skip(policy.explicit_policy),
            policy_mapping: skip(policy.inhibit_policy_mapping),
            inhibit_any_policy: skip(policy.inhibit_any_policy),
            limit: policy.max_policies,
        }
    }

    /// §6.1.3 (d)–(f).
    pub(super) fn process(
        &mut self,
        certificate: &Certificate,
        constraints: &Constraints,
        is_last: bool,
    ) -> Result<(), PathError> {
        if constraints.policy_count > self.limit {
            let subject = certificate.subject().clone();
            return Err(PathError::TooManyPolicies { subject, limit: self.limit });
        }
        let any_allowed = self.inhibit_any_policy > 0 || (!is_last && certificate.is_self_issued());
        // (e) Without the extension the graph is NULL.
        self.graph = self.graph.take().and_then(|mut graph| {
            let next = next_depth(graph.last()?, constraints.policies.as_ref()?, any_allowed);
            // (d)(3) Nodes without children are deleted; where nothing is left, that is every node.
            if next.is_empty() {
                return None;
            }
            graph.push(next);
            Some(graph)
        });
        // (f)
        if self.explicit_policy == 0 && self.graph.is_none() {
            let subject = certificate.subject().clone();
            return Err(PathError::PolicyNotAccepted { subject, found: Vec::new() });
        }
        Ok(())
    }

    /// §6.1.4 (a), (b), (h)–(j): what an authority changes for those below it.
    pub(super) fn prepare(
        &mut self,
        certificate: &Certificate,
        constraints: &Constraints,
    ) -> Result<(), PathError> {
        // (a)
        let maps_any = constraints.mappings.contains_key(&ANY_POLICY)
            || constraints.mappings.values().any(|mapped| mapped.contains(&ANY_POLICY));
        if maps_any {
            return Err(PathError::AnyPolicyMapped { subject: certificate.subject().clone() });
        }
        // (b)
        let mapping_allowed = self.policy_mapping > 0;
        self.graph = self.graph.take().and_then(|mut graph| {
            let depth = graph.last_mut()?;
            map_policies(depth, &constraints.mappings, mapping_allowed);
            (!depth.is_empty()).then_some(graph)
        });
        // (h)
        if !certificate.is_self_issued() {
            self.explicit_policy = self.explicit_policy.saturating_sub(1);
            self.policy_mapping = self.policy_mapping.saturating_sub(1);
            self.inhibit_any_policy = self.inhibit_any_policy.saturating_sub(1);
        }
        // (i)
        lower(&mut self.explicit_policy, constraints.require_explicit_policy);
        lower(&mut self.policy_mapping, constraints.inhibit_policy_mapping);
        // (j)
        lower(&mut self.inhibit_any_policy, constraints.inhibit_any_policy);
        Ok(())
    }

    /// §6.1.5 (a), (b), (g) and §6.1.6: the authorities-constrained policy set, where the path is valid for the user's.
    pub(super) fn wrap_up(
        mut self,
        end_entity: &Certificate,
        constraints: &Constraints,
        policy: &PathPolicy,
    ) -> Result<Vec<ObjectIdentifier>, PathError> {
        // (a)
        self.explicit_policy = self.explicit_policy.saturating_sub(1);
        // (b)
        if constraints.require_explicit_policy == Some(0) {
            self.explicit_policy = 0;
        }
        // (g)
        let authorities = self.graph.as_deref().map(authorities_set).unwrap_or_default();
        let for_user = if policy.policies.is_empty() || policy.policies.contains(&ANY_POLICY) {
            !authorities.is_empty()
        } else if authorities.contains(&ANY_POLICY) {
            true
        } else {
            policy.policies.iter().any(|wanted| authorities.contains(wanted))
        };
        let found = authorities.into_iter().collect();
        if self.explicit_policy > 0 || for_user {
            Ok(found)
        } else {
            Err(PathError::PolicyNotAccepted { subject: end_entity.subject().clone(), found })
        }
    }
}

fn lower(variable: &mut usize, skip: Option<u32>) {
    if let Some(skip) = skip.and_then(|skip| usize::try_from(skip).ok()) {
        *variable = (*variable).min(skip);
    }
}

/// §6.1.3 (d)(1) and (d)(2): the nodes that a certificate's policies make below the last depth.
fn next_depth(last: &Depth, policies: &BTreeSet<ObjectIdentifier>, any_allowed: bool) -> Depth {
    let mut expecting: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
    for (valid_policy, node) in last {
        for expected in &node.expected_policy_set {
            expecting.entry(*expected).or_default().insert(*valid_policy);
        }
    }
    let node = |policy: ObjectIdentifier, parents| {
        (policy, Node { expected_policy_set: BTreeSet::from([policy]), parents })
    };
    let mut next = Depth::new();
    // (1)
    for policy in policies.iter().filter(|policy| **policy != ANY_POLICY) {
        if let Some(parents) = expecting.get(policy) {
            next.extend([node(*policy, parents.clone())]);
        } else if last.contains_key(&ANY_POLICY) {
            next.extend([node(*policy, BTreeSet::from([ANY_POLICY]))]);
        }
    }
    // (2)
    if policies.contains(&ANY_POLICY) && any_allowed {
        for (policy, parents) in expecting {
            if !next.contains_key(&policy) {
                next.extend([node(policy, parents)]);
            }
        }
    }
    next
}

/// §6.1.4 (b).
fn map_policies(
    depth: &mut Depth,
    mappings: &BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>>,
    allowed: bool,
) {
    for (issuer_domain, subject_domain) in mappings {
        if !allowed {
            // (2)
            depth.remove(issuer_domain);
        } else if let Some(node) = depth.get_mut(issuer_domain) {
            // (1)
            node.expected_policy_set.clone_from(subject_domain);
        } else if depth.contains_key(&ANY_POLICY) {
            let parents = BTreeSet::from([ANY_POLICY]);
            let expected_policy_set = subject_domain.clone();
            depth.insert(*issuer_domain, Node { expected_policy_set, parents });
        }
    }
}

/// §6.1.5 (g): the policies of nodes that stand right below anyPolicy and lead to the last depth, and anyPolicy where it
/// reaches that itself.
fn authorities_set(graph: &[Depth]) -> BTreeSet<ObjectIdentifier> {
    let mut set = BTreeSet::new();
    let Some(last) = graph.last() else {
        return set;
    };
    if last.contains_key(&ANY_POLICY) {
        set.insert(ANY_POLICY);
    }
    let mut leading: BTreeSet<ObjectIdentifier> = last.keys().copied().collect();
    for depth in graph.iter().rev() {
        let mut above = BTreeSet::new();
        for policy in leading {
            let Some(node) = depth.get(&policy) else { continue };
            if policy != ANY_POLICY && node.parents.contains(&ANY_POLICY) {
                set.insert(policy);
            }
            above.extend(node.parents.iter().copied());
        }
        leading = above;
    }
    set
}
