#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contract under FCGI.pm: as many processes as asked for share the socket at descriptor 0.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Contract;
use FCGI;

sub serve {
    my $request = FCGI::Request();
    Contract::answer() while $request->Accept() >= 0;
    exit;
}

my @children = map { fork() // die || serve() } 1 .. $ARGV[0];
$SIG{TERM} = sub { kill TERM => @children };
1 while wait() != -1 || $!{EINTR};
