"""Networks of namespaces with gateways in them: what tools/demo and the namespace tests stand
on."""
