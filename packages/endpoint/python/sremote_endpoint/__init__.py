"""The Python endpoint of sremote: runs one function of one call and stores its reply. See PROTOCOL.md."""
