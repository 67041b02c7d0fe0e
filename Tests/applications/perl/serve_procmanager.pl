#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contract under FCGI::ProcManager, which keeps as many processes as asked for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Contract;
use FCGI;
use FCGI::ProcManager;

my $request = FCGI::Request();
my $manager = FCGI::ProcManager->new({ n_processes => $ARGV[0] });
$manager->pm_manage();
while ($request->Accept() >= 0) {
    $manager->pm_pre_dispatch();
    Contract::answer();
    $manager->pm_post_dispatch();
}
