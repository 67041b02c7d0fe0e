#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Answers "PID SERVED CROWDED QUERY"; crowded: another connection waits at its socket.
use strict;
use warnings;
use FCGI;
use Time::HiRes qw(sleep);

# A start that takes its time, or fails, as real ones do.
sleep($ENV{START_TIME}) if $ENV{START_TIME};
if ($ENV{START_FILE} && -e $ENV{START_FILE}) {
    print STDERR "cannot begin: $ENV{START_FILE} is there\n";
    exit 3;
}

# As it is run without gateway-supervisor.
my $manager;
if ($ENV{MANAGED}) {
    require FCGI::ProcManager;
    $manager = FCGI::ProcManager->new({ n_processes => $ENV{MANAGED} });
    $manager->pm_manage();
}

# Each request has an environment of its own.
my ($served, $gate, @leak) = (0, $ENV{HOLD});
my $request = FCGI::Request();
while ($request->Accept() >= 0) {
    ++$served;
    $manager->pm_pre_dispatch() if $manager;
    my $query = $ENV{QUERY_STRING} // '';
    if ($query =~ /sleep=(\d+)/) { sleep($1 / 1000); }
    if ($query =~ /hold=(\w+)/) { sleep(0.01) until -e "$gate/$1"; }
    if ($query =~ /leak=(\d+)/) { push @leak, 'x' x ($1 * 1024); }
    if ($query =~ /say=(\w+)/) { print STDERR "$1\n"; }
    if ($query =~ /die=(\d+)/) { exit $1; }
    vec(my $waiting = '', 0, 1) = 1;
    my $crowded = select($waiting, undef, undef, 0);
    print "Content-Type: text/plain\r\n\r\n$$ $served $crowded $query\n";
    $manager->pm_post_dispatch() if $manager;
}
