# The items. A tap on one opens it.
.class public final Lcom/example/todo/ListScreen;
.super Lcom/example/todo/Screen;
.implements Landroid/widget/AdapterView$OnItemClickListener;

.method public constructor <init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    .registers 3
    invoke-direct {p0, p1, p2}, Lcom/example/todo/Screen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    return-void
.end method

.method public layout()I
    .registers 2
    sget v0, Lcom/example/todo/R$layout;->list:I
    return v0
.end method

.method public shown()V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/ListScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v0}, Lcom/example/todo/Store;->user()Ljava/lang/String;
    move-result-object v0
    sget v1, Lcom/example/todo/R$string;->greeting:I
    invoke-virtual {p0, v1, v0}, Lcom/example/todo/ListScreen;->string(ILjava/lang/Object;)Ljava/lang/String;
    move-result-object v0
    sget v1, Lcom/example/todo/R$id;->greeting:I
    invoke-virtual {p0, v1, v0}, Lcom/example/todo/ListScreen;->setText(ILjava/lang/CharSequence;)V

    sget v0, Lcom/example/todo/R$id;->add_button:I
    invoke-virtual {p0, v0}, Lcom/example/todo/ListScreen;->listen(I)V
    sget v0, Lcom/example/todo/R$id;->logout_button:I
    invoke-virtual {p0, v0}, Lcom/example/todo/ListScreen;->listen(I)V

    # "Clear all" came with 1.1.
    iget-object v0, p0, Lcom/example/todo/ListScreen;->activity:Lcom/example/todo/MainActivity;
    invoke-virtual {v0}, Lcom/example/todo/MainActivity;->getResources()Landroid/content/res/Resources;
    move-result-object v0
    sget v1, Lcom/example/todo/R$bool;->can_clear:I
    invoke-virtual {v0, v1}, Landroid/content/res/Resources;->getBoolean(I)Z
    move-result v1
    sget v0, Lcom/example/todo/R$id;->clear_button:I
    invoke-virtual {p0, v0, v1}, Lcom/example/todo/ListScreen;->setVisible(IZ)V
    invoke-virtual {p0, v0}, Lcom/example/todo/ListScreen;->listen(I)V

    invoke-direct {p0}, Lcom/example/todo/ListScreen;->showItems()V
    return-void
.end method

.method private showItems()V
    .registers 7
    iget-object v0, p0, Lcom/example/todo/ListScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v0}, Lcom/example/todo/Store;->items()Ljava/util/ArrayList;
    move-result-object v0

    invoke-virtual {v0}, Ljava/util/ArrayList;->size()I
    move-result v1
    invoke-static {v1}, Ljava/lang/Integer;->valueOf(I)Ljava/lang/Integer;
    move-result-object v1
    sget v2, Lcom/example/todo/R$string;->counter:I
    invoke-virtual {p0, v2, v1}, Lcom/example/todo/ListScreen;->string(ILjava/lang/Object;)Ljava/lang/String;
    move-result-object v1
    sget v2, Lcom/example/todo/R$id;->counter:I
    invoke-virtual {p0, v2, v1}, Lcom/example/todo/ListScreen;->setText(ILjava/lang/CharSequence;)V

    new-instance v1, Landroid/widget/ArrayAdapter;
    iget-object v2, p0, Lcom/example/todo/ListScreen;->activity:Lcom/example/todo/MainActivity;
    sget v3, Lcom/example/todo/R$layout;->item:I
    sget v4, Lcom/example/todo/R$id;->item:I
    invoke-direct {v1, v2, v3, v4, v0}, Landroid/widget/ArrayAdapter;-><init>(Landroid/content/Context;IILjava/util/List;)V
    sget v0, Lcom/example/todo/R$id;->items:I
    invoke-virtual {p0, v0}, Lcom/example/todo/ListScreen;->find(I)Landroid/view/View;
    move-result-object v0
    check-cast v0, Landroid/widget/ListView;
    invoke-virtual {v0, v1}, Landroid/widget/ListView;->setAdapter(Landroid/widget/ListAdapter;)V
    invoke-virtual {v0, p0}, Landroid/widget/ListView;->setOnItemClickListener(Landroid/widget/AdapterView$OnItemClickListener;)V
    return-void
.end method

.method public onItemClick(Landroid/widget/AdapterView;Landroid/view/View;IJ)V
    .registers 6
    invoke-virtual {p0, p3}, Lcom/example/todo/ListScreen;->showDetail(I)V
    return-void
.end method

.method public onClick(Landroid/view/View;)V
    .registers 4
    invoke-virtual {p1}, Landroid/view/View;->getId()I
    move-result v0
    sget v1, Lcom/example/todo/R$id;->add_button:I
    if-ne v0, v1, :not_add
    invoke-direct {p0}, Lcom/example/todo/ListScreen;->add()V
    return-void

    :not_add
    sget v1, Lcom/example/todo/R$id;->clear_button:I
    if-ne v0, v1, :log_out
    new-instance v0, Ljava/util/ArrayList;
    invoke-direct {v0}, Ljava/util/ArrayList;-><init>()V
    iget-object v1, p0, Lcom/example/todo/ListScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v1, v0}, Lcom/example/todo/Store;->setItems(Ljava/util/ArrayList;)V
    invoke-direct {p0}, Lcom/example/todo/ListScreen;->showItems()V
    return-void

    :log_out
    iget-object v0, p0, Lcom/example/todo/ListScreen;->store:Lcom/example/todo/Store;
    const-string v1, ""
    invoke-virtual {v0, v1}, Lcom/example/todo/Store;->setUser(Ljava/lang/String;)V
    invoke-virtual {p0}, Lcom/example/todo/ListScreen;->showLogin()V
    return-void
.end method

# Adds what is typed, unless that is nothing, and empties the field.
.method private add()V
    .registers 5
    sget v0, Lcom/example/todo/R$id;->new_item:I
    invoke-virtual {p0, v0}, Lcom/example/todo/ListScreen;->typed(I)Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v1}, Ljava/lang/String;->isEmpty()Z
    move-result v2
    if-eqz v2, :typed
    return-void

    :typed
    iget-object v2, p0, Lcom/example/todo/ListScreen;->store:Lcom/example/todo/Store;
    invoke-virtual {v2}, Lcom/example/todo/Store;->items()Ljava/util/ArrayList;
    move-result-object v3
    invoke-virtual {v3, v1}, Ljava/util/ArrayList;->add(Ljava/lang/Object;)Z
    invoke-virtual {v2, v3}, Lcom/example/todo/Store;->setItems(Ljava/util/ArrayList;)V
    const-string v1, ""
    invoke-virtual {p0, v0, v1}, Lcom/example/todo/ListScreen;->setText(ILjava/lang/CharSequence;)V
    invoke-direct {p0}, Lcom/example/todo/ListScreen;->showItems()V
    return-void
.end method
