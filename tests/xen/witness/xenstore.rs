//! What `xenstore-ls -f` prints, as a map.

use std::collections::BTreeMap;

/// The value of each node, by its path. Values that xenstore-ls escapes stay escaped.
pub(crate) fn nodes(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(|line| {
            let node = line
                .split_once(" = ")
                .and_then(|(path, value)| Some((path, value.strip_prefix('"')?.strip_suffix('"')?)));
            let (path, value) = node.unwrap_or_else(|| panic!("not a node of xenstore: {line:?}"));
            (path.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn a_line_of_xenstore_ls_is_a_node() {
    let nodes = nodes("/local/domain/1 = \"\"\n/local/domain/1/name = \"a = b\"\n");
    assert_eq!(nodes["/local/domain/1"], "");
    assert_eq!(nodes["/local/domain/1/name"], "a = b");
}
