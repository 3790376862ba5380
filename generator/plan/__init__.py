"""What a change of the catalog means for the cluster: two versions compared, without one."""
